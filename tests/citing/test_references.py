"""Entries for reference managers are valid, whatever a title holds."""

import re
from datetime import date

import pytest

from app.mail import citing
from app.mail.references import Reference, bibtex, csl, tex
from tests.citing.conftest import SITE, VERSION

FIELD = re.compile(r"  (\w+) +=(?: (\{.*\})| ([a-z]{3})),?")
ADDRESSES = [
    "/",
    "/corrected",
    "/r/ldr",
    "/r/ldr/x2avic/write",
    "/d/1",
    "/mail?rows=ro,wo&mode=avic",
]


def fields_of(entry):
    """Read a BibTeX entry as strictly as the oldest parser: balanced braces, known fields."""
    head, *lines, end, rest = entry.split("\n")
    assert re.fullmatch(r"@misc\{[A-Za-z0-9.-]+,", head)
    assert ("}", "") == (end, rest)
    found = [FIELD.fullmatch(line) for line in lines]
    assert all(found)
    for match in found:
        # Escaped braces count too: BibTeX pairs them without looking at the backslash.
        assert (match[2] or "").count("{") == (match[2] or "").count("}")
    return {match[1]: (match[2] or match[3]).strip("{}") for match in found}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_is_a_bibtex_entry_with_its_pinned_address(address, snapshot):
    found = fields_of(bibtex(citing.reference(snapshot, address, SITE)))

    assert f"{SITE}{address}{'&' if '?' in address else '?'}at={VERSION}" == found["url"]
    assert ("2026", "nov", f"Data version {VERSION}") == (
        found["year"], found["month"], found["note"]
    )  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_is_a_csl_item_with_its_pinned_address(address, snapshot):
    item = csl(citing.reference(snapshot, address, SITE))

    assert {"id", "type", "title", "author", "issued", "version", "URL"} == set(item)
    assert ("dataset", VERSION) == (item["type"], item["version"])
    assert [[2026, 11, 22]] == item["issued"]["date-parts"]
    assert item["URL"].endswith(f"at={VERSION}")


def test_pages_and_versions_have_keys_of_their_own(snapshot, knowledge):
    paths = [*ADDRESSES, *(key.url for key in knowledge.cells)]
    keys = {citing.reference(snapshot, path, SITE).key for path in paths}

    assert len(set(paths)) == len(keys)


@pytest.mark.parametrize(
    ("plain", "escaped"),
    [
        ("50 % & #GP", r"50 \% \& \#GP"),
        ("SELF_IPI ~ { ^ $", r"SELF\_IPI \textasciitilde{} \textbraceleft{} \textasciicircum{} \$"),
        ("a\\b", r"a\textbackslash{}b"),
        ("Schr\u00f6dinger\u2013Born", "Schrodinger-Born"),
    ],
)
def test_what_tex_would_run_is_escaped(plain, escaped):
    reference = Reference("/d/1", plain, "https://x.org/d/1?at=1", "1", date(2026, 11, 2))

    assert escaped == tex(plain)
    assert reference.url == fields_of(bibtex(reference))["url"]
    assert f"title  = {{{{{escaped}}}}}," in bibtex(reference)
    assert plain == csl(reference)["title"]
