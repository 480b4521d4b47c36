"""The upload form: paste, pick or drop a document; check it, then submit it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, UploadFile
from sqlalchemy.orm import Session
from starlette.responses import Response

from app.core.faults import BadDocument
from app.errors import AppError, Forbidden
from app.intake import submitting
from app.intake.signature import verify
from app.intake.submitting import Incoming, Receipt
from app.pages import measurement_data
from app.pages.measurement_text import check_text, form_text
from app.pens.page import Page
from app.settings import Uploads
from app.store.submissions import Token
from app.web.deps import NO_FILTER, Ask, WriteSession
from app.web.errors import explain
from app.web.guard import bearer
from app.web.limits import sender_of
from app.web.negotiate import Format
from app.web.page_request import PageRequest, unkept

router = APIRouter(include_in_schema=False, dependencies=NO_FILTER)
BLANK: dict[str, Any] = {"text": "", "faults": (), "problem": "", "checked": None}


def unwrap(header: str) -> bytes:
    """Return the armoured OpenSSH signature whose base64 a header carries in one line."""
    if not header:
        return b""
    lines = [header[i : i + 70] for i in range(0, len(header), 70)]
    body = "\n".join(lines)
    return f"-----BEGIN SSH SIGNATURE-----\n{body}\n-----END SSH SIGNATURE-----\n".encode("latin-1")


def may_upload(uploads: Uploads, token: Token | None) -> None:
    """Raise Forbidden when this site does not take the upload."""
    if uploads is Uploads.CLOSED:
        raise Forbidden("This site takes no measurements: VAPIC_UPLOADS is closed.")
    if uploads is Uploads.TOKEN and token is None:
        raise Forbidden("This site takes measurements with a token only: ask its maintainers.")


def take(
    asked: PageRequest, session: Session, raw: bytes, signature: bytes = b"", typed_token: str = ""
) -> Receipt:
    """Check who sends it, parse it, then keep it. Raises Forbidden and BadDocument."""
    now = datetime.now(UTC)
    measurement = submitting.prepare(raw, asked.snapshot.knowledge, now)
    signed_by = verify(raw, signature) if signature else ""
    with asked.state.readers() as reading:
        token = bearer(asked.request, reading, typed_token)
    may_upload(asked.settings.uploads, token)
    incoming = Incoming(
        raw,
        replace(measurement, signed_by=signed_by),
        token,
        signature or None,
        _sender(asked, token, signed_by),
        asked.state.waiting,
    )
    return submitting.submit(session, incoming, now)


def _sender(asked: PageRequest, token: Token | None, signed_by: str) -> str:
    """Return who sends: anybody can make keys, so that only one which is known says it."""
    if token is not None:
        return f"token {token.id}"
    address = sender_of(asked.request.scope, behind_proxy=asked.settings.trusted_proxy)
    return signed_by if signed_by in asked.snapshot.knowledge.signers else address


@router.get("/upload")
def form(asked: Ask) -> Response:
    """The form."""
    return asked.respond(_page(asked, BLANK))


@router.post("/upload")
def send(  # noqa: PLR0917 - the fields of the form
    asked: Ask,
    session: WriteSession,
    text: Annotated[str, Form()] = "",
    action: Annotated[Literal["check", "submit"], Form()] = "check",
    token: Annotated[str, Form()] = "",
    file: Annotated[UploadFile | None, File()] = None,
    signature: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Check or submit; a refused document comes back with every fault, nothing is lost."""
    # Browsers send the ends of pasted lines as CRLF, which JSON does not mind.
    raw = _bytes(file) or text.encode("utf-8")
    shown = {**BLANK, "text": _shown(raw)}
    try:
        if action == "submit":
            page = _receipt(take(asked, session, raw, _bytes(signature), token.strip()))
        else:
            page = _page(asked, shown | {"checked": submitting.check(raw, asked.snapshot)})
    except (BadDocument, AppError) as error:
        page = _refused(asked, shown, error)
    return unkept(asked.request, asked.respond(page))


def _refused(asked: PageRequest, shown: dict[str, Any], error: AppError | BadDocument) -> Page:
    """Return the form with what was sent and why it was not taken. Raises what is no page."""
    refusal = explain(error)
    if not refusal.faults and asked.request.state.format is not Format.HTML:
        raise error
    view = shown | {"faults": refusal.faults, "problem": refusal.message}
    return _page(asked, view, refusal.text(), refusal.status)


def _receipt(receipt: Receipt) -> Page:
    return Page(
        template="measurements/receipt.html",
        view={"receipt": receipt, "m": receipt.measurement},
        text=lambda place: measurement_data.receipt_text(receipt, place),
        data=lambda place: measurement_data.receipt_with_secret(receipt, place),
        status=201 if receipt.created else 200,
    )


def _page(
    asked: PageRequest,
    view: dict[str, Any],
    text: str = "",
    status: int = 200,
) -> Page:
    if checked := view["checked"]:
        knowledge = asked.snapshot.knowledge
        text = check_text(checked, knowledge)
    return Page(
        template="measurements/upload.html",
        view={**view, "uploads": asked.settings.uploads},
        text=lambda place: text or form_text(place),
        status=status,
    )


def _shown(raw: bytes) -> str:
    """Return what was sent as the form shows it again; nothing of what is no text."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _bytes(file: UploadFile | None) -> bytes:
    return file.file.read() if file is not None and file.filename else b""
