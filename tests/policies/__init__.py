"""Policies read again from the kernels that Debian has."""
