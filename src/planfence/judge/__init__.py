"""One verdict on a change: attributions, sources, verdicts, ranges."""
