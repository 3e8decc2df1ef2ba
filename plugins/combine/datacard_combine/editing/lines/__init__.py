"""The lines of a card that is edited: the tree, changes of words, their layout, and names in words."""
