"""The model of a card: its channels with templates, and what they share."""
