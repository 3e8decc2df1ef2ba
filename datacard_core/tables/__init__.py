"""Tables of cards: yields, systematics, years and coverage."""
