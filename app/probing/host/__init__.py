"""The host side of the probe: what is there, what will run, tracing, running, cleaning up."""
