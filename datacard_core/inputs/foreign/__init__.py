"""Histograms of other frameworks: their conventions as data, and the outputs that are made with them."""
