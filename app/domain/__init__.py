"""The vocabulary and the rules. Standard library only; no I/O."""
