"""Documents out of other people's logs and tables."""
