"""The corridor from declarations and templates to a finished channel."""
