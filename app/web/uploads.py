"""The upload form: paste, pick or drop a document; check it, then submit it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from sqlalchemy.orm import Session
from starlette.responses import Response

from app.core.faults import BadDocument, Fault
from app.errors import Forbidden
from app.intake import submitting
from app.intake.signature import verify
from app.intake.submitting import Incoming, Receipt
from app.pages import measurement_data
from app.pages.measurement_text import effect_line
from app.pens.page import Page
from app.settings import Settings, Uploads
from app.store.snapshots import Snapshot
from app.store.submissions import Token
from app.web.deps import Config, Render, Snap, WriteSession
from app.web.guard import bearer

router = APIRouter(include_in_schema=False)
BLANK: dict[str, Any] = {"text": "", "faults": (), "checked": None, "effect_line": effect_line}


@dataclass(frozen=True)
class Upload:
    """What a submitter sent: the bytes, and optionally a signature and a token."""

    raw: bytes
    signature: bytes = b""
    token: str = ""


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
    upload: Upload,
    request: Request,
    snapshot: Snapshot,
    session: Session,
    config: Settings,
) -> Receipt:
    """Check who sends it, parse it, then keep it. Raises Forbidden and BadDocument."""
    now = datetime.now(UTC)
    _, measurement = submitting.prepare(upload.raw, snapshot.knowledge, now)
    signed_by = verify(upload.raw, upload.signature) if upload.signature else ""
    with request.app.state.readers() as reading:
        token = bearer(request, reading, upload.token)
    may_upload(config.uploads, token)
    incoming = Incoming(
        raw=upload.raw,
        measurement=submitting.signed(measurement, signed_by),
        token=token,
        signature=upload.signature or None,
    )
    return submitting.submit(session, incoming, now)


@router.get("/upload")
def form(request: Request, snapshot: Snap, render: Render, config: Config) -> Response:
    """The form."""
    return render.respond(request, snapshot, _page(config.uploads, BLANK))


@router.post("/upload")
def send(  # noqa: PLR0917 - the fields of the form
    request: Request,
    snapshot: Snap,
    render: Render,
    session: WriteSession,
    config: Config,
    text: Annotated[str, Form()] = "",
    action: Annotated[str, Form()] = "check",
    token: Annotated[str, Form()] = "",
    file: Annotated[UploadFile | None, File()] = None,
    signature: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Check or submit; a refused document comes back with every fault, nothing is lost."""
    upload = Upload(_bytes(file) or _typed(text), _bytes(signature), token.strip())
    shown = {**BLANK, "text": upload.raw.decode("utf-8", "replace")}
    try:
        if action == "submit":
            return _submitted(upload, request, snapshot, render, session, config)
        shown["checked"] = submitting.check(upload.raw, snapshot)
    except BadDocument as error:
        shown["faults"] = error.faults
    page = _page(config.uploads, shown, 422 if shown["faults"] else 200)
    return _unkept(request, render.respond(request, snapshot, page))


def _submitted(  # noqa: PLR0917 - handed on from the route
    upload: Upload,
    request: Request,
    snapshot: Snap,
    render: Render,
    session: WriteSession,
    config: Config,
) -> Response:
    receipt = take(upload, request, snapshot, session, config)
    page = Page(
        template="measurements/receipt.html",
        view={"receipt": receipt, "m": receipt.measurement},
        text=lambda _: measurement_data.receipt_text(receipt, render.place(snapshot)),
        data=lambda _: measurement_data.answer(receipt, render.place(snapshot)),
        status=201 if receipt.created else 200,
    )
    return _unkept(request, render.respond(request, snapshot, page))


def _page(uploads: Uploads, view: dict[str, Any], status: int = 200) -> Page:
    faults: tuple[Fault, ...] = view["faults"]
    return Page(
        template="measurements/upload.html",
        view={**view, "uploads": uploads},
        text=lambda _: "\n".join(map(str, faults)) or "Send a document: see /docs/upload\n",
        status=status,
    )


def _unkept(request: Request, response: Response) -> Response:
    request.state.keep = False
    response.headers["cache-control"] = "no-store"
    return response


def _bytes(file: UploadFile | None) -> bytes:
    return file.file.read() if file is not None and file.filename else b""


def _typed(text: str) -> bytes:
    """Return pasted text as bytes; browsers send line ends as CRLF, which JSON does not mind."""
    return text.encode("utf-8")
