"""Init, install, doctor, demo, and agents' settings."""
