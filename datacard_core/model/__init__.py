"""The finished card as frozen values."""
