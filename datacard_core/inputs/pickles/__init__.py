"""Reading of pickles without executing them, within limits on memory and time."""
