"""From a model to the arrays of a likelihood."""
