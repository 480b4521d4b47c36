"""The views of an SQLite export: what a stranger asks about, in columns and by plain names."""

from __future__ import annotations

from collections.abc import Iterator

_CURRENT = "FROM facts WHERE kind = '{kind}' AND valid_to IS NULL"
# View: kind of fact, column of its name, keys of its body with one value, keys with a list.
_FACTS = {
    "registers": ("register", "slug", "name abbreviation macro access", "offsets msrs aliases"),
    "families": ("family", "slug", "name default_avic caveat text", "products sources"),
    "sources": (
        "source", "id",
        "kind read author date title url message_id repository commit document revision note", "",
    ),
    "observations": (
        "observation", "id",
        ("family cpu evidence scope outcome condition exit rip intercepted reporter date report "
         "machine microcode member text"), "cells sources",
    ),
}  # fmt: skip
_CLAIM = "access kind strength behaviour condition family section table page source text inference"
_CLAIMS = """
CREATE VIEW claims AS
SELECT facts.key AS "register", {columns}
FROM facts, json_each(facts.body, '$.claims') AS claim
WHERE facts.kind = 'register' AND facts.valid_to IS NULL
"""
_CELLS = """
CREATE VIEW cells AS
SELECT register || '/' || mode || '/' || access AS "cell", register, mode, access, family,
 verdict, behaviours AS "seen", reports, masked, evidence, scope
FROM verdicts
"""


def statements() -> Iterator[str]:
    """Return what makes the views, over facts that hold at the version of the export."""
    for name, (kind, key, ones, lists) in _FACTS.items():
        columns = [
            f'key AS "{key}"',
            *_values("body", ones),
            *(_list("body", one) for one in lists.split()),
        ]
        listed = ",\n ".join(columns)
        yield f"CREATE VIEW {name} AS\nSELECT {listed}\n{_CURRENT.format(kind=kind)}"
    columns = [_list("claim.value", "modes"), *_values("claim.value", _CLAIM)]
    yield _CLAIMS.strip().format(columns=",\n ".join(columns))
    yield _CELLS.strip()


def _list(body: str, key: str) -> str:
    each = f"json_each({body}, '$.{key}')"
    return f"(SELECT group_concat(value, ' ') FROM {each}) AS \"{key}\""  # noqa: S608 - ours


def _values(body: str, keys: str) -> list[str]:
    return [f"json_extract({body}, '$.{key}') AS \"{key}\"" for key in keys.split()]
