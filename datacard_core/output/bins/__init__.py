"""Files about the bins of cards: the edges of unrolled ones, and edges that rules have chosen."""
