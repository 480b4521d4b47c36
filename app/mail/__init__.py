"""What is pasted into a mail, and whether a pasted mail still holds."""
