"""How things are written: text pages, lines of a mail, tables, Atom, shared phrases."""
