"""A test as files: C for kvm-unit-tests and for the kernel's selftests, and JSON with a schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from app import __version__
from app.core.words import Access, Behaviour
from app.export.handout.checks import VECTOR, Check
from app.export.handout.expecting import CheckRow, Handout
from app.settings import ROOT

TEMPLATES = ROOT / "probe/handout"
SCHEMA = "/schema/expectations-1.json"
TABLE = "vapic_checks.h"
# What a guest sees, in the words of the C table.
WORDS = {None: "VAPIC_ANY", Behaviour.COMPLETED: "VAPIC_COMPLETED", Behaviour.GP: "VAPIC_GP"}
STATES = {"eoi-edge": "VAPIC_EDGE", "eoi-level": "VAPIC_LEVEL"}
HEAD = """\
/*
 * {title}
 *
 * Made by vAPIC Explorer {tool} from its data version {version}:
 * {link}
 * {count} accesses of the local APIC's MSRs in x2APIC mode, 800h-8FFh. What is expected of
 * {expected} is {expect};
 * the others are made, and reported as skipped.{more}
 *
 * SPDX-License-Identifier: MIT
 */"""
KUT = """
 *
 * Put it and {table} into x86/ of a kvm-unit-tests tree; `make x86/vapic.flat` makes
 * it, `./x86/run x86/vapic.flat -smp 1 -cpu host` runs it, and `vapic import
 * kvm-unit-tests LOG` reads its log. Bits of ICR that are reserved are written: a kernel
 * whose processor takes them may log a warning."""
SELFTEST = """
 *
 * Put it and {table} into tools/testing/selftests/kvm/x86/ (x86_64/ in 6.12) of a
 * kernel tree, and add it to the tests of x86 in the Makefile there."""


def kvm_unit_tests(handout: Handout) -> Mapping[str, str]:
    """Return the files of the test for kvm-unit-tests by their names."""
    head = _head(handout, "vapic.c: local-APIC accesses against what is known of them", KUT)
    return {"vapic.c": _template("kvm-unit-tests.c", HEAD=head), TABLE: _table(handout)}


def selftest_files(handout: Handout) -> Mapping[str, str]:
    """Return the files of the test for the kernel's KVM selftests by their names."""
    head = _head(handout, "vapic_test.c: local-APIC accesses against what is known", SELFTEST)
    return {"vapic_test.c": _template("selftest.c", HEAD=head), TABLE: _table(handout)}


def expectations(handout: Handout) -> dict[str, Any]:
    """Return every check with what is expected of it, as ``schema`` describes it."""
    place, rows = handout.place, handout.rows
    counts = Counter(row.expected.outcome for row in rows)
    return {
        "$schema": place.site + SCHEMA,
        "format": 1,
        "tool": {"name": "vAPIC Explorer", "version": __version__},
        "data_version": place.version,
        "link": place.pin("/"),
        "expect": {"name": handout.expect, "title": handout.title},
        "counts": {
            "checks": len(rows),
            "completed": counts[Behaviour.COMPLETED],
            "gp": counts[Behaviour.GP],
            "not_stated": counts[None],
            "differs_from_manual": sum(row.differs for row in rows),
        },
        "checks": [_told(row) for row in rows],
    }


def schema(site: str) -> dict[str, Any]:
    """Return the JSON Schema of ``expectations``; ``site`` is where it is published."""
    text, number, address = {"type": "string"}, {"type": "integer"}, r"^0x[0-9a-f]+$"
    outcome = {"enum": [*(word.value for word in WORDS if word), None]}
    check = {
        "number": number, "name": text, "msr": {"type": "string", "pattern": address},
        "access": {"enum": [word.value for word in Access]}, "register": text,
        "member": {"type": ["integer", "null"]}, "why": text, "condition": text,
        "value": {"type": ["string", "null"], "pattern": address}, "expected": outcome,
        "because": text, "manual": outcome, "differs": {"type": "boolean"},
        "link": {"type": "string", "format": "uri"},
    }  # fmt: skip
    counts = ("checks", "completed", "gp", "not_stated", "differs_from_manual")
    document = {
        "$schema": text, "format": {"const": 1}, "data_version": text, "link": text,
        "tool": _object({"name": text, "version": text}),
        "expect": _object({"name": text, "title": text}),
        "counts": _object(dict.fromkeys(counts, number)),
        "checks": {"type": "array", "items": _object(check)},
    }  # fmt: skip
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": site + SCHEMA,
        "title": "What a guest is to see of accesses to the local APIC, format 1",
        "description": "An outcome is what the guest sees: completed, gp, or null where nothing "
        "is expected. manual is what the manual's rules give; differs where both are known and "
        "are not the same, which a suite lists as an expected failure.",
        **_object(document),
    }


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _told(row: CheckRow) -> dict[str, Any]:
    check = row.check
    return {
        "number": check.number,
        "name": check.title,
        "msr": f"{check.msr:#x}",
        "access": check.access.value,
        "register": check.register.slug,
        "member": check.member,
        "why": check.why,
        "condition": check.condition,
        "value": None if check.value is None else f"{check.value:#x}",
        "expected": row.expected.outcome,
        "because": row.expected.because,
        "manual": row.manual.outcome,
        "differs": row.differs,
        "link": row.link,
    }


def _head(handout: Handout, title: str, more: str = "") -> str:
    return HEAD.format(
        title=title,
        tool=__version__,
        version=handout.place.version,
        link=handout.place.pin("/"),
        count=len(handout.rows),
        expect=handout.title,
        expected=sum(row.expected.outcome is not None for row in handout.rows),
        more=more.format(table=TABLE),
    )


def _table(handout: Handout) -> str:
    return _template(
        "checks.h",
        HEAD=_head(handout, f"{TABLE}: the table of the checks, and what both harnesses share"),
        EXPECT=handout.expect,
        VERSION=handout.place.version,
        SITE=handout.place.site,
        ROWS="".join(map(_line, handout.rows)),
    )


def _line(row: CheckRow) -> str:
    check = row.check
    access = "VAPIC_READ" if check.access is Access.READ else "VAPIC_WRITE"
    texts = ", ".join(f'"{t}"' for t in (check.named, check.why, check.condition, row.link))
    return (
        f"\t{{ {check.msr:#x}, {access}, {check.value or 0:#x}ULL, "
        f"{WORDS[row.expected.outcome]}, {_state(check)},\n\t  {texts} }},\n"
    )


def _state(check: Check) -> str:
    sends = check.register.slug in ("icr", "self-ipi") and check.access is Access.WRITE
    arrives = sends and (check.value or 0) & 0xFF == VECTOR
    return STATES.get(check.why, "VAPIC_ARRIVES" if arrives else "VAPIC_PLAIN")


def _template(name: str, **parts: str) -> str:
    text = (TEMPLATES / name).read_text("utf-8")
    for key, part in parts.items():
        text = text.replace(f"@{key}@", part)
    return text
