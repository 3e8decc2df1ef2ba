"""Fuzzers of declarations, loaded outputs and command lines, with an oracle that knows nothing of the project."""
