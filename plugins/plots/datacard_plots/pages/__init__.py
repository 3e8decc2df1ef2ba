"""Pages of small plots: the templates of each nuisance."""
