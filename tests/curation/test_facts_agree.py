"""The site says what the fact sheets of the manual say, row by row."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from app.core.numbers import Span
from app.settings import ROOT
from tests.running import flat

SHEETS = ROOT / "tests" / "data" / "manual"
TABLE = SHEETS / "table-15-22.csv"
CHECKS = SHEETS / "x2apic-access.csv"
# What print says nothing of.
SILENT = "-"

CONDITIONS = {
    "edge-triggered": "edge",
    "level-triggered": "level",
    "simple IPI": "simple-ipi",
    "advanced functions": "advanced",
    "CPUID Fn8000_000A_EDX[27]=1": "extlvt",
    "EDX[27]=0": "no-extlvt",
}
QUALIFIERS = {"xAVIC": "avic", "x2AVIC": "x2avic"}
ADDRESS = {"avic": "xapic_offset", "x2avic": "x2apic_msr"}
ACCESS = dict.fromkeys(("unimplemented", "eliminated", "merged into 830h"), "none")
# What the sheet says of a #GP: condition and strength of the claim, None where there is none.
RAISES = {
    "always": ("", "explicit"),
    "not stated": ("", "implied"),
    "reserved bits": ("reserved-bits", "explicit"),
    "non-zero value": ("non-zero", "explicit"),
    "no": None,
}
Cells = Mapping[tuple[str, str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Site:
    """What the API says, and what the sheets say."""

    registers: list[dict[str, Any]]
    cells: Cells
    table: list[dict[str, str]]
    checks: list[dict[str, str]]

    def at(self, msr):
        """The register that holds an MSR."""
        return next(r for r in self.registers if any(msr in Span.parse(s) for s in r["msrs"]))


@pytest.fixture(scope="module")
def said(site):
    registers = site.get("/api/v1/registers").json()["registers"]
    cells = site.get("/api/v1/cells").json()["cells"]
    return Site(
        registers,
        {(c["register"], c["mode"], c["access"]): c for c in cells},
        rows_of(TABLE),
        rows_of(CHECKS),
    )


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def spelled(first, last):
    """Addresses in the manual's notation, as the site spells them."""
    return [] if first == SILENT else [str(Span.parse(f"{first}-{last}" if last else first))]


def branches(row, access, mode):
    """What a cell of the sheet says for a mode: behaviours with their conditions.

    A row that prints no address in a mode says nothing of it.
    """
    if SILENT in (row[ADDRESS[mode]], row[access]):
        return
    for part in row[access].split(" | "):
        behaviour, _, tag = part.rstrip("]").partition(" [")
        if QUALIFIERS.get(tag, mode) == mode:
            yield behaviour, CONDITIONS[tag] if tag and tag not in QUALIFIERS else ""


def test_the_registers_are_the_rows_of_the_table_in_its_order(said):
    keys = ("slug", "name", "abbreviation", "kernel_macro")
    printed = [(int(row["order"]), *(row[key] for key in keys)) for row in said.table]
    shown = [
        (n, r["slug"], r["name"], r["abbreviation"].replace("-", ""), r["macro"])
        for n, r in enumerate(said.registers, 1)
    ]
    assert printed == shown[: len(printed)]
    assert ["unlisted"] == [slug for _, slug, *_ in shown[len(printed) :]]


def test_the_offsets_are_those_of_the_table(said):
    printed = {row["slug"]: spelled(row["xapic_offset"], row["xapic_last"]) for row in said.table}
    shown = {r["slug"]: r["offsets"] for r in said.registers if r["slug"] in printed}
    assert printed == shown


def test_the_msrs_are_those_of_the_table_or_where_it_is_silent_of_the_access_check(said):
    silent = {row["slug"]: spelled(row["msr"], row["msr_last"]) for row in said.checks}
    silent["reserved-540"] = spelled("854", "8FF")
    printed = {
        row["slug"]: spelled(row["x2apic_msr"], row["x2apic_msr_last"]) or silent[row["slug"]]
        for row in said.table
    }
    shown = {r["slug"]: r["msrs"] for r in said.registers if r["slug"] in printed}
    assert printed == shown


@pytest.mark.parametrize("access", ["read", "write"])
@pytest.mark.parametrize("mode", ["avic", "x2avic"])
def test_every_cell_says_what_the_table_says(mode, access, said):
    printed = {row["slug"]: list(branches(row, access, mode)) for row in said.table}
    shown = {
        slug: [(b["behaviour"], b["condition"]) for b in said.cells[slug, mode, access]["table"]]
        for slug in printed
    }
    assert printed == shown


def test_the_qualifiers_of_the_table_are_kept(said):
    printed = {
        (row["slug"], access, tag)
        for row in said.table
        for access in ("read", "write")
        for tag in re.findall(r"\[(\w+)\]", row[access])
        if tag in QUALIFIERS
    }
    shown = {
        (slug, access, claim["qualifier"])
        for (slug, _, access), cell in said.cells.items()
        for claim in cell["claims"]
        if claim["qualifier"]
    }
    assert printed == shown


def test_every_claim_of_the_table_names_its_page(said):
    printed = {(row["slug"], row["page"]) for row in said.table}
    shown = {
        (slug, claim["page"])
        for (slug, _, _), cell in said.cells.items()
        for claim in cell["claims"]
        if claim["kind"] == "table" and slug != "unlisted"
    }
    assert printed == shown


def test_every_msr_belongs_to_the_register_that_the_access_check_names(said):
    for row in said.checks:
        first, last = int(row["msr"], 16), int(row["msr_last"] or row["msr"], 16)
        named = row["slug"] or ("unlisted" if first < 0x854 else "reserved-540")
        assert {named} == {said.at(msr)["slug"] for msr in range(first, last + 1)}


def test_the_access_of_every_register_is_that_of_table_16_6(said):
    printed = [(row["msr"], ACCESS.get(row["access"], row["access"])) for row in said.checks]
    shown = [(msr, said.at(int(msr, 16))["x2apic_access"]) for msr, _ in printed]
    assert printed == shown


@pytest.mark.parametrize("access", ["read", "write"])
def test_every_access_check_is_claimed_with_its_condition_and_strength(access, said):
    for row in said.checks:
        slug = said.at(int(row["msr"], 16))["slug"]
        claims = said.cells[slug, "x2avic", access]["claims"]
        checks = [c for c in claims if c["kind"] == "access-check"]
        raises = RAISES[row[f"{access}_gp"]]
        expected = [] if raises is None else [("gp", *raises)]
        assert expected == [(c["behaviour"], c["condition"], c["strength"]) for c in checks], row


def test_every_list_of_reserved_bits_is_kept_with_its_pages_and_figure(said):
    printed = [
        (row["slug"], row["reserved_bits"], row["pages"], row["figure"] in figures(row, said))
        for row in said.checks
        if row["write_gp"] == "reserved bits"
    ]
    shown = [
        (slug, claim["bits"], claim["page"], True)
        for slug, *_ in printed
        for claim in said.cells[slug, "x2avic", "write"]["claims"]
        if claim["condition"] == "reserved-bits" and claim["kind"] == "access-check"
    ]
    assert printed == shown


def test_no_check_of_x2apic_is_claimed_for_avic(said):
    checked = [
        key
        for key, cell in said.cells.items()
        for claim in cell["claims"]
        if key[1] == "avic" and claim["kind"] in ("access-check", "product")
    ]
    assert [] == checked


def figures(row, said):
    """The figures that the texts of a register's access checks name, and none at all."""
    claims = said.cells[row["slug"], "x2avic", "write"]["claims"]
    texts = " ".join(claim["text"] for claim in claims if claim["kind"] == "access-check")
    return {SILENT, *re.findall(r"Figure (\d+-\d+)", texts)}


def test_every_access_check_names_its_pages(said):
    for row in said.checks:
        slug = said.at(int(row["msr"], 16))["slug"]
        access = "read" if row["write_gp"] == "no" else "write"
        claims = said.cells[slug, "x2avic", access]["claims"]
        pages = {c["page"] for c in claims if c["kind"] == "access-check"}
        assert {row["pages"]} == pages, row


def test_the_manual_of_the_model_is_cited_at_its_page_and_its_kind_of_error_is_inference(said):
    printed = {row["slug"]: row for row in said.checks if row["slug"]}
    said = [
        (slug, access, claim)
        for (slug, mode, access), cell in said.cells.items()
        for claim in cell["claims"]
        if mode == "x2avic" and claim["kind"] == "product"
    ]
    assert 16 == len(said)
    for slug, _, claim in said:
        row = printed[slug]
        assert (row["model_page"], True) == (claim["page"], bool(claim["inference"]))
        assert claim["bits"] in ("", row["model_reserved"])
        kinds = row["model_access"].split("; ")
        assert claim["bits"] or any(kind in claim["text"] for kind in kinds)


def test_no_step_of_ours_is_told_as_a_statement(said):
    for cell in said.cells.values():
        for claim in cell["claims"]:
            assert claim["strength"] == "explicit" or claim["inference"]


def test_a_step_of_ours_stands_beside_its_claim_in_text_and_html(site):
    told = "inference: The access types of this manual (p.27) say that an error occurs"
    for path in ("/r/ldr/x2avic/write", "/r/ldr/x2avic/write.txt"):
        assert told in flat(site, path)
    assert "product, inferred" in site.get("/r/ldr").text
