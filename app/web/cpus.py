"""From what somebody pastes about a CPU to the page of what is wanted of it."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

from fastapi import APIRouter
from starlette.responses import Response

from app.curation import aliases
from app.errors import NotFound
from app.foreign.cpuinfo import read_signature
from app.intake.mail_reading import read_mail
from app.pages.wanted_text import cpu_path, wanted_path
from app.store.snapshots import Snapshot
from app.web.deps import NO_FILTER, Ask, RawBody
from app.web.page_request import leading, unkept

router = APIRouter(include_in_schema=False, dependencies=NO_FILTER)
# The line of lscpu and of /proc/cpuinfo that has the name alone, once or for each processor.
# A form has one field, and the first processors of many tell of all.
MOST_FIELDS, MOST_LINES = 10, 10_000
LONGEST_NAME = 200
BRAND = re.compile(r"^model name\s*:(.+)$", re.IGNORECASE | re.MULTILINE)


@router.post("/wanted")
def find(asked: Ask, body: RawBody) -> Response:
    """Lead from a name, a CPUID, or the text of lscpu or /proc/cpuinfo to what is wanted."""
    # As curl sends what it is given, and as the form does.
    try:
        fields = parse_qs(body.decode("latin-1"), encoding="utf-8", max_num_fields=MOST_FIELDS)
    except ValueError:
        fields = {}
    raw = "".join(fields.get("text", ())).encode()
    text = read_mail(raw or body, MOST_LINES).text.strip()
    return unkept(asked.request, leading(_path(text, asked.snapshot), 303))


def _path(text: str, snapshot: Snapshot) -> str:
    """Return the page of what a text names. Raises NotFound."""
    if cpu := read_signature(text):
        return cpu_path(*cpu, snapshot.knowledge)
    if brand := BRAND.search(text):
        text = brand[1].strip()
    named = "\n" not in text and len(text) <= LONGEST_NAME
    if slug := aliases.family_slug(text, snapshot.knowledge) if named else "":
        return wanted_path((slug,))
    raise NotFound(
        "No CPU of AMD or Hygon is named here: send a name (9654, Genoa), family and model "
        "(19h/11h), or what lscpu or /proc/cpuinfo says.",
        hints=tuple(snapshot.knowledge.families),
    )
