"""Names, words and the filter's keys: what search finds, and how it is asked."""
