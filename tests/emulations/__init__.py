"""Measures emulated local APICs with the probe's guest, for the documents that the seed keeps."""
