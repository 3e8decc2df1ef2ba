"""Rules on the rows and lines of a channel together, each of which yields its problems as sentences."""
