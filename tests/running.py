"""How tests ask the site, read what it answers, and look behind its middlewares."""

import os
import re
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen

import httpx2
import uvicorn
from bs4 import BeautifulSoup, Tag
from fastapi import FastAPI
from starlette.responses import Response
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from app.settings import Settings
from app.web.app import create_app
from app.web.connections import served_by

COMMAND = Path(sys.executable).with_name("vapic")
SITE = "http://127.0.0.1:8000"
# The data version of the seed in ``database_url``.
FIRST = "2026-11-22.1"
HTML = {"accept": "text/html"}
TEXT = {"accept": "text/plain"}
JSON = {"accept": "application/json"}
CURL = {"user-agent": "curl/8.5.0", "accept": "*/*"}


def client_of(url: str, **settings: object) -> TestClient:
    """Return a client of the real app over a database; ``with`` gives the app its lifespan.

    It asks for nothing packed, which would be unpacked at once.
    """
    app = create_app(Settings(database_url=url, **settings))
    return TestClient(app, base_url=SITE, headers={"accept-encoding": "identity"})


@contextmanager
def served(app: ASGIApp, **options: object) -> Iterator[str]:
    """Serve on a free port of this machine, in a thread; yields the address of the site."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        options = {**served_by(Settings()), "lifespan": "off", **options}
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", **options))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def serving(database_url: str, *arguments: str, **settings: object) -> Iterator[tuple[str, Popen]]:
    """Run ``vapic serve`` on a free port; yields the address that it says, and the process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    given = {"DATABASE_URL": database_url, "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    given |= {f"VAPIC_{name.upper()}": str(value) for name, value in settings.items()}
    left = {k: v for k, v in os.environ.items() if k not in ("HOST", "PORT", "VAPIC_BASE_URL")}
    with Popen([COMMAND, "serve", *arguments], env=left | given, stdout=PIPE, text=True) as process:
        try:
            assert process.stdout
            site = process.stdout.readline().split()[-1]
            with httpx2.Client(transport=httpx2.HTTPTransport(retries=8)) as client:
                client.get(f"{site}/healthz")
            yield site, process
        finally:
            process.kill()


def app_of(asgi: ASGIApp, kind=FastAPI):
    """Return the application that an ASGI stack wraps, or one of its layers."""
    while not isinstance(asgi, kind):
        asgi = asgi._app
    return asgi


def state_of(client: TestClient):
    """Return the state of the application that a test client talks to."""
    return app_of(client.app).state


def soup_of(client: TestClient, path: str) -> BeautifulSoup:
    """Return a page as a browser gets it."""
    return BeautifulSoup(client.get(path, headers=HTML).text, "lxml")


def words(node: Tag) -> str:
    """Return what a part of a page says, with one space between words."""
    return " ".join(node.get_text(" ", strip=True).split())


def flat(client: TestClient, path: str) -> str:
    """Return what a text page says, with one space between words."""
    return " ".join(client.get(path).text.split())


def twin_of(path: str, extension: str) -> str:
    """Return the address of a page in another format."""
    page, mark, query = path.partition("?")
    return f"{'/index' if page == '/' else page}.{extension}{mark}{query}"


def unsound_page(answer: Response) -> list[str]:
    """Return what is wrong with any page: a heading, a title, a version, no inline script or style.

    An attribute that a page quotes is escaped, so what looks like one is one.
    """
    title = re.search(r"<title>([^<]*?)(?: · |<)", answer.text)
    footer = re.sub(r"<[^>]*>|\s+", " ", answer.text[answer.text.rfind("<footer") :])
    found = [] if re.search(r"Data version +20\d\d-\d\d-\d\d\.\d+", footer) else ["no data version"]
    found += [] if title and len(title[1]) > 2 else ["no title"]
    found += [] if len(re.findall(r"<h1[ >]", answer.text)) == 1 else ["not one heading"]
    found += re.findall(r"<style|<[^>]*\sstyle=|<script(?![^>]*\ssrc=)[^>]*>", answer.text)
    return found + ([] if answer.status_code == 200 else [f"{answer.status_code}"])


def unsound(answer: Response) -> list[str]:
    """Return what is wrong with a text page: it is US-ASCII within 75 columns, whole lines.

    A longer address has a line of its own: broken it could not be followed.
    """
    wide = (line for line in answer.text.splitlines() if len(line) > 75)
    found = [line for line in wide if not re.fullmatch(r" *https?://\S+", line)]
    kind = answer.headers["content-type"]
    found += [kind] if kind != "text/plain; charset=us-ascii" else []
    found += [] if answer.content.isascii() and answer.text.endswith("\n") else ["no ASCII, no end"]
    return found + ([] if answer.status_code == 200 else [f"{answer.status_code}"])
