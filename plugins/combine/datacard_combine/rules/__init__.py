"""What a card says that Combine takes, and that its author did not mean."""
