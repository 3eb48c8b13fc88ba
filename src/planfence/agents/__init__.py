"""What the coding agents say and want to hear: identity, hook payloads, answers, shell commands."""
