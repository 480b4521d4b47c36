"""What is public as a git repository, a commit a data version: writing one, and reading a clone."""
