"""Files and processes: locked append, atomic write, one file each way."""
