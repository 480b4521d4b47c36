"""The application: where everything is wired. Read this first."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp

from app import __version__
from app.db.engine import make_engine, reader_sessions, writer_sessions
from app.errors import NotReady
from app.settings import ROOT, Settings
from app.snapshots import SnapshotHolder
from app.web import api, docs, errors, guard, ledger, measurements, pages, review, uploads, wanted
from app.web.front import Front
from app.web.limits import Limits
from app.web.render import Renderer
from app.web.static import HashedFiles

log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> ASGIApp:
    """Return the ASGI application; without ``settings`` they come from the environment."""
    settings = settings or Settings()
    engine = make_engine(settings.database_url)
    snapshots = SnapshotHolder(reader_sessions(engine))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        engine.dispose()

    app = FastAPI(
        title="vAPIC Explorer",
        version=__version__,
        summary="Table 15-22 of AMD's manual against what silicon does.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )
    app.state.settings = settings
    app.state.snapshots = snapshots
    app.state.readers = reader_sessions(engine)
    app.state.writers = writer_sessions(engine)
    app.state.renderer = Renderer(settings)
    app.state.sessions = guard.Sessions()
    app.add_middleware(guard.SameOrigin)
    errors.install(app, app.state.renderer)
    for module in (pages, ledger, docs, api, measurements, uploads, wanted, review):
        app.include_router(module.router)
    app.include_router(measurements.api)
    app.mount("/static", HashedFiles(directory=ROOT / "static"), "static")
    limited = Limits(app, settings, app.state.renderer)
    return Front(limited, version=lambda: _version(snapshots), limit=settings.page_cache_bytes)


def _version(snapshots: SnapshotHolder) -> int:
    """Return the id of the data version that pages show now, 0 before the first."""
    try:
        return snapshots.get().version.id
    except NotReady:
        return 0
