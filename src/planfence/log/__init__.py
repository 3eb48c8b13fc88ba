"""The benchmark log and the run log: a line, its reader, its writer."""
