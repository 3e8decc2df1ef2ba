"""Uncertainties of a finished channel: before the fit, and the parameters of its bins."""
