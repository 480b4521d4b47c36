"""The list of an export's files: text and JSON data.

``files`` have ``name``, ``stable``, ``text``, ``media_type``, ``size`` and ``digest``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.export import export_json
from app.pens import leads
from app.pens.place import Place, head
from app.pens.plain import Plain


def list_text(files: Iterable[Any], place: Place) -> str:
    """Return every file with its address, size and SHA-256."""
    out = Plain()
    out.title("Everything in one file")
    head(out, place, "/export")
    out.blank()
    out.para(f"All that is public at data version {place.version}. {leads.EXPORT}")
    out.para(f"What is inside, and how to read it offline: {place.site}/docs/export")
    out.para(f"The JSON Schema: {place.site}{export_json.SCHEMA}")
    for file in files:
        out.heading(file.stable)
        out.para(file.text)
        out.field("File", f"/export/{file.name}", width=10)
        out.field("Bytes", str(file.size), width=10)
        out.field("SHA-256", file.digest, width=10)
    return out.render()


def list_body(files: Iterable[Any], place: Place) -> dict[str, Any]:
    """Return the list as JSON data."""
    return {
        "data_version": place.version,
        "files": [
            {
                "file": f.stable,
                "url": f"{place.site}/export/{f.name}",
                "text": f.text,
                "media_type": f.media_type,
                "bytes": f.size,
                "sha256": f.digest,
            }
            for f in files
        ],
    }
