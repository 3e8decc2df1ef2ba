"""Inputs: PocketCoffea outputs, read and seen as arrays."""
