"""A card line by line: text, words and the form of each line."""
