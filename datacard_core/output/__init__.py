"""Output: the files of a card, written all or none."""
