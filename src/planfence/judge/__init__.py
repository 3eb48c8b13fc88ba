"""One verdict on a change: claims, sources, verdicts, ranges."""
