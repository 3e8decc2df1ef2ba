"""Declarations: what a script says about processes and systematic uncertainties."""
