"""What tests need to see of an application that runs: it stands behind its middlewares."""

from fastapi import FastAPI
from starlette.types import ASGIApp


def app_of(asgi: ASGIApp) -> FastAPI:
    """Return the application that an ASGI stack wraps."""
    while not isinstance(asgi, FastAPI):
        asgi = asgi._app
    return asgi


def state_of(client):
    """Return the state of the application that a test client talks to."""
    return app_of(client.app).state
