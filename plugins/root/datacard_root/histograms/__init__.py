"""Records of histograms of one kind."""
