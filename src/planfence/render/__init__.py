"""Data to text: text, json, github, sarif, junit, html. Pure, but for what prints."""
