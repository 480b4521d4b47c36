"""The web edge: it translates requests into use cases and values into bytes."""
