"""Everything in one file, and the whole site as files."""
