"""From one mixed change to clean commits."""
