"""The documents that have to be refused, as one table: a good one, what is changed, its faults.

``table`` says how a row is read; a new row goes beside its like, and nothing else is needed.
"""

from tests.intake.bad import (
    of_the_emulations,
    of_the_keys,
    of_the_text,
    of_the_types,
    of_the_values,
    of_the_words,
    several,
)
from tests.intake.bad.table import Bad

BAD: list[Bad] = [
    *of_the_text.ALL,
    *of_the_keys.ALL,
    *of_the_types.ALL,
    *of_the_values.ALL,
    *of_the_words.ALL,
    *of_the_emulations.ALL,
    *several.ALL,
]

__all__ = ["BAD", "Bad"]
