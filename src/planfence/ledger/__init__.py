"""Evidence, stage moves, signatures, and the refs that keep them."""
