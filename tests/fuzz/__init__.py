"""Requests that nobody should send, and what the site made of them."""
