"""Parts of a ROOT file."""
