"""docs/security.md names each bound as it is set when nobody sets it."""

import re

import pytest

from app.settings import ROOT
from app.web.docs import setting_lines

PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
ROWS = [
    row.split(" | ") for row in re.findall(r"^\| (.* \| .* \| `VAPIC_.*`) \|$", PAGE, re.MULTILINE)
]
DEFAULTS = {variable: default for variable, default, _ in setting_lines()}


def written(variable):
    """Return a default as the page writes it."""
    default = DEFAULTS[variable]
    if variable.endswith("_BYTES"):
        return f"{int(default) // 2**20} MiB"
    return f"{default} s" if variable.endswith("_SECONDS") else default.split("/")[0]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_bound_is_the_default_of_its_setting(row):
    numbers = [written(name) for name in re.findall(r"VAPIC_\w+", row[2]) if DEFAULTS[name]]

    assert [] == [number for number in numbers if not re.search(rf"\b{number}\b", row[1])]
