"""Inputs of the conformance kit: outputs, analyses, channels, declarations and templates."""
