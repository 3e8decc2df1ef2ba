"""Exact derivatives of the likelihood: its gradient, and its Hessians from that."""
