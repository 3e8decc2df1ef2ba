"""Plugin packages to start from."""
