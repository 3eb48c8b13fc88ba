"""Planfence keeps the commits of AI coding agents (and of people) inside a written plan."""

__version__ = "0.2.0"

#: Where the policy stands, from the top of the repository. Here, because the light entries load nothing else of it.
POLICY_PATH = "planfence.toml"
