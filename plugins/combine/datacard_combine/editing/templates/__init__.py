"""The templates of a card that is edited: their files, and places whose names cannot follow."""
