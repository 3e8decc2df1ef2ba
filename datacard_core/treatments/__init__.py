"""Treatments: from templates to templates, with a finding for each change."""
