"""The image without an engine: its steps in a root of Debian, and what it does when it runs."""
