"""Conventions for the names of nuisances, and checks against them."""
