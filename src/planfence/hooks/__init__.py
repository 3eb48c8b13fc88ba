"""What git calls: the fast path, the full hook, the notes between them."""
