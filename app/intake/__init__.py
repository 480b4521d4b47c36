"""A stranger's document becomes a measurement, is kept, reviewed and withdrawn."""
