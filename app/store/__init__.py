"""The database, and the immutable snapshots that come out of it."""
