"""The quote check: a mail is pasted, held against the site, and forgotten."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.responses import Response

from app.mail import quotes_text, quoting
from app.mail.quotes_text import MailOut, usage_text
from app.pens.page import Page
from app.pens.place import Place
from app.store.holding import SnapshotHolder
from app.web.api import ERRORS
from app.web.deps import NO_FILTER, Ask, Config, RawBody
from app.web.negotiate import Format
from app.web.page_request import PageRequest, unkept

router = APIRouter(include_in_schema=False, dependencies=NO_FILTER)
api = APIRouter(prefix="/api/v1", responses=ERRORS, dependencies=NO_FILTER)  # type: ignore[arg-type]
SENT = {
    "requestBody": {
        "required": True,
        "description": "A mail: a whole message, or any text of one.",
        "content": {
            kind: {"schema": {"type": "string"}} for kind in ("text/plain", "message/rfc822")
        },
    }
}


@router.get("/check-mail")
def form(asked: Ask) -> Response:
    """The form."""
    return asked.respond(_page(asked, "", None))


@router.post("/check-mail")
def check(
    asked: Ask,
    text: Annotated[str, Form()] = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Check what was pasted or picked; the answer is kept nowhere.

    Whoever sent neither, but a body of plain text, is told how; of a mail that was not read
    nothing is said.
    """
    picked = file is not None and file.filename
    raw = file.file.read() if file is not None and picked else text.encode()
    sent = picked or text or asked.request.state.format is Format.JSON
    checked = _check(asked.request, raw, asked.place.site) if sent else None
    page = _page(asked, raw.decode("utf-8", "replace"), checked)
    return unkept(asked.request, asked.respond(page))


@api.post("/check-mail", openapi_extra=SENT)
def check_as_data(request: Request, response: Response, body: RawBody, config: Config) -> MailOut:
    """What became of the links and copied blocks of a mail; nothing of it is kept."""
    response.headers["cache-control"] = "no-store"
    return _check(request, body, config.site)


def _check(request: Request, raw: bytes, site: str) -> MailOut:
    snapshots: SnapshotHolder = request.app.state.snapshots
    return quoting.check_mail(raw, snapshots.get(), snapshots.at, (site,))


def _page(asked: PageRequest, text: str, checked: MailOut | None) -> Page:
    site = asked.place.site
    view = {"text": text, "checked": checked, "wording": quotes_text}
    if checked is None:
        return Page("check_mail/show.html", lambda _: usage_text(site), view=view)

    def data(_: Place) -> dict[str, Any]:
        return checked.model_dump(mode="json", by_alias=True)

    return Page(
        template="check_mail/show.html",
        view=view,
        text=lambda _: quotes_text.report_text(checked),
        # No link leads to the data of what was sent, so only who asks for data is offered it.
        data=data if asked.request.state.format is Format.JSON else None,
    )
