"""What comes in and goes out: the seed's files, text pages, tables, JSON bodies."""
