"""One module a page kind: what it shows, as text, as a table, as data and as a feed."""
