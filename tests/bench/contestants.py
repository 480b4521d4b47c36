"""Whom our pages are measured against: a FastAPI hello, and who sends our bytes and nothing else.

    python -m tests.bench.contestants hello|sender PORT

They are served with what `vapic serve` gives to uvicorn.
"""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from app.cli.site import serve

ANSWERS = "BENCH_ANSWERS"
hello = FastAPI()


@hello.get("/")
async def say_hello() -> dict[str, str]:
    """As the first page of FastAPI's tutorial has it."""
    return {"message": "Hello World"}


class Sender:
    """Sends by path the headers and bodies that a file has, with nothing to think about."""

    def __init__(self) -> None:
        self._answers = pickle.loads(Path(os.environ[ANSWERS]).read_bytes())

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            headers, body = self._answers[scope["path"]]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})


def main(name: str, port: str) -> None:
    """Serve one of them."""
    contestant = hello if name == "hello" else Sender()
    made = uvicorn.Config.__init__

    def instead(self: uvicorn.Config, _: object, **options: Any) -> None:
        made(self, contestant, **options | {"factory": False})

    uvicorn.Config.__init__ = instead  # type: ignore[method-assign]
    serve(port=int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
