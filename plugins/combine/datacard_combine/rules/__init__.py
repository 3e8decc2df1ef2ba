"""Rules on statements of a card that Combine takes and that its author did not mean."""
