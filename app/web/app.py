"""The application: where everything is wired. Read this first."""

from __future__ import annotations

import logging
from asyncio import create_task
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, cast

from anyio import to_thread
from fastapi import FastAPI
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker
from starlette.types import ASGIApp

from app import __version__
from app.export.copies import engine_for
from app.intake.waiting import Waiting
from app.settings import ROOT, Settings
from app.store.engine import reader_sessions, writer_sessions
from app.store.holding import SnapshotHolder
from app.web import (
    api,
    citations,
    cpus,
    crawling,
    docs,
    errors,
    exports,
    gate,
    health,
    history,
    measurements,
    pages,
    quoting,
    review,
    search,
    uploads,
)
from app.web.front import Front
from app.web.hosts import Hosts
from app.web.limits import Limits
from app.web.observed import Observed
from app.web.render import Renderer
from app.web.static import HashedFiles

if TYPE_CHECKING:
    from app.web.metrics import Metrics

log = logging.getLogger(__name__)

# Pages are made in turn by one interpreter: more threads only keep more memory.
THREADS = 4
# Asked before the pages of the registry: /r/ldr/since/VERSION is no cell.
FIRST = (history.router, measurements.router)
LAST = (
    docs.router,
    api.router,
    uploads.router,
    cpus.router,
    review.router,
    exports.router,
    measurements.api,
    citations.router,
    search.router,
    search.api,
    quoting.router,
    quoting.api,
    health.router,
    crawling.router,
)


def create_app(settings: Settings | None = None) -> ASGIApp:
    """Return the ASGI application; without ``settings`` they come from the environment."""
    settings = settings or Settings()
    engine = engine_for(settings)
    snapshots = SnapshotHolder(reader_sessions(engine))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        watching = create_task(snapshots.watch())
        with counted.served(settings.metrics_port) if counted else nullcontext():
            yield
        watching.cancel()
        snapshots.settle()
        engine.dispose()

    app = FastAPI(
        title="vAPIC Explorer",
        version=__version__,
        summary="Table 15-22 of AMD's manual against what silicon does.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    _share(app, settings, engine, snapshots)
    app.add_middleware(gate.Gate)
    errors.install(app, app.state.renderer)
    for router in (*FIRST, pages.routes(), *LAST):
        app.include_router(router)
    app.mount("/static", HashedFiles(directory=ROOT / "static"), "static")
    limited = Limits(app, settings, app.state.renderer)
    front = Front(limited, version=snapshots.current, limit=settings.page_cache_bytes)
    counted = _counting(settings, front, reader_sessions(engine))
    hosts = Hosts(front, settings)
    return Observed(hosts, settings, lambda: snapshots.name, counted.count if counted else None)


def _counting(settings: Settings, front: Front, readers: sessionmaker[Session]) -> Metrics | None:
    """Return what counts where a port asks for it; its library is loaded nowhere else."""
    if not settings.metrics_port:
        return None
    found = import_module("app.web.metrics").Metrics(lambda: front.kept_bytes, readers)
    return cast("Metrics", found)


def _share(app: FastAPI, settings: Settings, engine: Engine, snapshots: SnapshotHolder) -> None:
    """Put where routes find it what one process has one of."""
    app.state.settings = settings
    app.state.snapshots = snapshots
    app.state.readers = reader_sessions(engine)
    app.state.writers = writer_sessions(engine)
    app.state.renderer = Renderer(settings)
    app.state.waiting = Waiting(settings)
