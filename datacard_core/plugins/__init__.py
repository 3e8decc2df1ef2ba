"""Hosting of plugins: finding, selecting, checking and calling them."""
