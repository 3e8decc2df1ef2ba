"""Several cards joined to one, as `combineCards.py` does it."""
