"""Templates: sums of histograms as arrays."""
