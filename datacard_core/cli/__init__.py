"""The command `datacard`."""
