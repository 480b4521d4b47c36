"""The database: every fact with the data versions in which it held."""
