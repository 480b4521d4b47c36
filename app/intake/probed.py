"""Use case: what a guest and a trace said becomes a measurement document, which is valid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.intake import measurement
from app.probing import probe_document
from app.probing.correlation import Correlation
from app.probing.probe_document import HostFacts


def document(runs: Sequence[Correlation], host: HostFacts) -> dict[str, Any]:
    """Return the document of one or more boots of one machine, which is valid.

    Raises Contradicted, NothingMeasured, and BadDocument where what the guest or the host
    says does not fit the format.
    """
    body = probe_document.document(runs, host)
    measurement.parse(probe_document.as_bytes(body))
    return body
