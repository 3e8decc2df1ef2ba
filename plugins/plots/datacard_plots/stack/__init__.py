"""The prefit stack of a channel."""
