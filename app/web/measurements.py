"""The routes of measurements beside their pages: check, submit, raw bytes, withdraw."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import JSONResponse, Response

from app.intake import reviewing, submitting
from app.intake.format1 import json_schema
from app.intake.serial_log import is_serial_log
from app.pages import measurement_data
from app.pages.api_models import ErrorOut
from app.web.deps import NO_FILTER, Ask, Config, RawBody, ReadSession, WriteSession
from app.web.page_request import leading, unkept
from app.web.uploads import take, unwrap

# The media type of raw bytes and the ending of their name: of a document, of a serial log.
RAW = {False: ("application/json", "json"), True: ("text/plain", "log")}
router = APIRouter(include_in_schema=False, dependencies=NO_FILTER)
api = APIRouter(prefix="/api/v1", tags=["measurements"], dependencies=NO_FILTER)


@router.get("/schema/measurement-1.json")
def schema(config: Config) -> Response:
    """The JSON Schema of format 1, stable for ever."""
    return JSONResponse(json_schema(config.site), media_type="application/schema+json")


@router.get("/m/{slug}.raw")
def raw(slug: str, session: ReadSession) -> Response:
    """The bytes exactly as they came."""
    body = submitting.get_raw(session, slug)
    kind, ending = RAW[is_serial_log(body)]
    name = {"content-disposition": f'attachment; filename="{slug}.{ending}"'}
    headers = {**name, "cache-control": "public, max-age=31536000, immutable"}
    return Response(body, media_type=kind, headers=headers)


@router.post("/m/{slug}/withdraw")
def withdraw(
    slug: str,
    request: Request,
    session: WriteSession,
    secret: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "Withdrawn by the submitter.",
) -> Response:
    """Take a measurement back with the secret of its receipt; its page stays."""
    why = reviewing.reason_line(reason)
    submitting.withdraw(session, slug, secret.strip(), why, datetime.now(UTC))
    return unkept(request, leading(f"/m/{slug}", 303))


DOCUMENT = {
    "requestBody": {
        "required": True,
        "description": "A measurement document of format 1; /schema/measurement-1.json. "
        "Or a guest's serial log with its checksum, as it came.",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/plain": {"schema": {"type": "string"}},
        },
    }
}
REFUSALS = {code: {"model": ErrorOut} for code in (400, 403, 408, 409, 413, 415, 422, 429, 503)}


@api.post(
    "/measurements",
    status_code=201,
    openapi_extra=DOCUMENT,
    responses={200: {"description": "Checked, or known already."}, **REFUSALS},  # type: ignore[dict-item]
)
def create(
    asked: Ask,
    session: WriteSession,
    body: RawBody,
    dry_run: Annotated[bool, Query(description="Say the exact effect and keep nothing.")] = False,  # noqa: FBT002
) -> Response:
    """Submit a measurement document of format 1, or check it with dry_run=true."""
    if dry_run:
        return JSONResponse(measurement_data.checked_out(submitting.check(body, asked.snapshot)))
    signature = unwrap(asked.request.headers.get("x-vapic-signature", ""))
    receipt = take(asked, session, body, signature)
    answer = measurement_data.receipt_with_secret(receipt, asked.place)
    headers = {"location": f"/m/{receipt.measurement.slug}", "cache-control": "no-store"}
    return JSONResponse(answer, 201 if receipt.created else 200, headers)
