"""Push, verify, receive: if every new commit is judged."""
