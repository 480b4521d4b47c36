"""What is known, as checks for test suites that others run."""
