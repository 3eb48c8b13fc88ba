"""The only user of git: running it, objects, the repository, pathspecs."""
