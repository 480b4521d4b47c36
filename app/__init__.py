"""vAPIC Explorer: AMD's Table 15-22 against what silicon does."""

__version__ = "0.1.0"
