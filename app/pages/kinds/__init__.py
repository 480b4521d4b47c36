"""One module a page kind: its address, its title, and what each of its formats shows."""
