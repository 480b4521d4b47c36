"""What routes take from the application."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from app import explore
from app.domain.filters import CellFilter
from app.settings import Settings
from app.snapshots import Snapshot
from app.web.render import Renderer


def _snapshot(request: Request) -> Snapshot:
    snapshot: Snapshot = request.app.state.snapshots.get()
    return snapshot


def _renderer(request: Request) -> Renderer:
    renderer: Renderer = request.app.state.renderer
    return renderer


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


Snap = Annotated[Snapshot, Depends(_snapshot)]
Render = Annotated[Renderer, Depends(_renderer)]
Config = Annotated[Settings, Depends(_settings)]


def in_format(request: Request, path: str) -> str:
    """Return a path with the extension that the request's own address has."""
    asked: str = request.scope["state"]["asked"]
    return path + asked.removeprefix(request.url.path) if asked != request.url.path else path


def _filter(request: Request, snapshot: Snap) -> CellFilter:
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    return explore.read_filter(snapshot, pairs)


Filter = Annotated[CellFilter, Depends(_filter)]
