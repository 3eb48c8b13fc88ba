"""What a hunk does: languages, kinds, proofs, mixing. Pure."""
