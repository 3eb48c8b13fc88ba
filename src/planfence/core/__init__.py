"""The pure layer: no I/O, no clock, no environment, no git."""

#: Where the policy stands, from the top of the repository. Here, because the light entries load nothing else of it.
POLICY_PATH = "planfence.toml"
