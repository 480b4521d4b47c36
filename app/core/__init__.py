"""What is known and what follows from it: words, facts, verdicts, the ledger; plain Python."""
