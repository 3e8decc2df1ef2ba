"""A card as a whole: what Combine makes of all its lines together."""
