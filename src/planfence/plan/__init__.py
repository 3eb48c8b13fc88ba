"""Plans as people make them: new, lint, amend, import, advice."""
