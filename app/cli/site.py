"""The command that serves the explorer."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from collections.abc import Callable
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from sqlalchemy.exc import DBAPIError
from uvicorn.importer import import_from_string

from app.cli.failures import failure_lines
from app.cli.main import finish, unswept
from app.cli.saying import say
from app.errors import Conflict, NotReady
from app.export.copies import engine_for, open_copy
from app.pens.log_lines import configuration
from app.settings import Settings
from app.store import queries
from app.store.ailing import TODO
from app.store.engine import disposing, may_write, reader_sessions

# What glibc's mallopt(3) takes: two heaps for all threads, and room of 128 KiB or more apart.
HEAPS = {-8: 2, -1: 128 * 1024, -3: 128 * 1024}
EDGE = ("app.web.app:create_app", "app.web.connections:served_by")


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; HOST is the default.")] = "",
    port: Annotated[int | None, typer.Option(help="Port; PORT is the default.")] = None,
    *,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Migrate and load the seed first.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Serve this SQLite export, read-only."),
    ] = None,
) -> None:
    """Serve the explorer."""
    # The server builds its settings itself, from the environment: pages print HOST and PORT.
    if host:
        os.environ["HOST"] = host
    if port:
        os.environ["PORT"] = str(port)
    settings = Settings(export_file=export) if export else Settings()
    _need_address(settings)
    _need_port(settings)
    if settings.export_file and prepare:
        raise Conflict("--prepare is for the database; an export is served as it is.")
    if settings.export_file:
        # What is wrong with it is told here, in one line.
        open_copy(settings.export_file).dispose()
    elif prepare:
        _prepare()
    if export:
        os.environ["VAPIC_EXPORT_FILE"] = str(export.resolve())
    _say_if_unready(settings)
    say(f"vAPIC Explorer on http://{settings.host}:{settings.port}")
    create_app, served_by = _load_edge()
    uvicorn.run(
        create_app(),
        host=settings.host,
        port=settings.port,
        log_config=configuration(settings.log),
        **served_by(settings),
    )


def _load_edge() -> tuple[Callable[..., Any], ...]:
    """Return what makes the application, and what says how it is served."""
    _share_heaps()
    with unswept():
        return tuple(map(import_from_string, EDGE))


def _share_heaps() -> None:
    """Let what a large answer took go back to the system, where the C library can be told so.

    Else each thread keeps a heap of the largest page that it ever made: 30 MB in half an hour.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    for name, value in HEAPS.items():
        if mallopt:
            mallopt(name, value)


def _need_address(settings: Settings) -> None:
    """End where others can reach what is served and nobody said by which address."""
    if not settings.loopback and not settings.base_url:
        # A usage error, as a supervisor can tell by the status.
        say(
            f"vapic: {settings.host} is more than this machine: set VAPIC_BASE_URL to the address "
            "that people use, such as https://vapic.example.org",
            err=True,
        )
        raise typer.Exit(2)


def _need_port(settings: Settings) -> None:
    """End where nobody can listen, before anything is prepared and an address is printed."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        if (error.errno or 0) < 0:
            # No IPv4 address has this name: the server tries other families.
            return
        say(
            f"vapic: {settings.host}:{settings.port}: {os.strerror(error.errno or 0)}. "
            "The option --port, or PORT=8001 before the command, takes another port.",
            err=True,
        )
        raise typer.Exit(2) from None


def _say_if_unready(settings: Settings) -> None:
    """Say what is in the way of showing pages, before anybody asks for one and gets a 503."""
    # An address of no database of ours, or a missing driver, ends it: no page could ever be shown.
    found = engine_for(settings)
    try:
        with disposing(found) as engine:
            with reader_sessions(engine)() as session:
                queries.require_schema(session)
                queries.find_version(session)
            if engine.dialect.name == "sqlite" and not (settings.export_file or may_write(engine)):
                say(f"vapic: {TODO['READONLY']} Uploads answer 503 until then.", err=True)
    except (NotReady, DBAPIError) as error:
        say("\n".join(failure_lines(error)), err=True)
        say("Pages answer 503 until the database can be read.", err=True)


def _prepare() -> None:
    """Prepare what is served, in a child: what that takes would never leave a server again."""
    loading = "app.cli.loading"
    child = get_context("fork").Process(
        target=lambda: finish(lambda: import_module(loading).prepare())
    )
    child.start()
    child.join()
    if child.exitcode:
        sys.exit(child.exitcode)
