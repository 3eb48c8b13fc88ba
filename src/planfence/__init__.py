"""Planfence keeps the commits of AI coding agents (and of people) inside a written plan."""

__version__ = "0.1.0"
