"""A real server, killed at random points of what it writes: `make torture`."""
