"""Test, advance, review, rework, replay, compare, status."""
