"""Push, verify, receive: where every new commit is judged."""
