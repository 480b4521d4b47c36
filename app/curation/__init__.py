"""Reads the seed, holds its facts against each other, and drafts entries for it."""
