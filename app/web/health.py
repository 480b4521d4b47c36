"""What a supervisor asks: whether the process answers, and whether it can serve pages."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from app.store import queries
from app.store.snapshots import Snapshot
from app.web.deps import NO_FILTER, ReadSession

router = APIRouter(include_in_schema=False, dependencies=NO_FILTER)
UNKEPT = {"cache-control": "no-store"}


@router.get("/healthz")
async def alive() -> Response:
    """Answer, whatever the database does: a process that does not is to be started again."""
    return PlainTextResponse("ok\n", headers=UNKEPT)


@router.get("/readyz")
def ready(request: Request, session: ReadSession) -> Response:
    """Name the data version that is shown. Raises NotReady, and what the database raises."""
    queries.require_schema(session)
    shown: Snapshot = request.app.state.snapshots.get()
    return PlainTextResponse(f"ready: {shown.name}\n", headers=UNKEPT)
