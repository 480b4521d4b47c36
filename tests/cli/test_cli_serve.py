"""The server that the command line starts."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx2

COMMAND = Path(sys.executable).with_name("vapic")


def test_pages_print_the_address_that_serve_was_given(database_url):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    left = {k: v for k, v in os.environ.items() if k not in ("HOST", "PORT", "VAPIC_BASE_URL")}
    with subprocess.Popen(
        [COMMAND, "serve", "--host", "localhost", "--port", str(port)],
        env=left | {"DATABASE_URL": database_url, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as serving:
        try:
            assert serving.stdout
            site = serving.stdout.readline().split()[-1]
            transport = httpx2.HTTPTransport(retries=8)
            with httpx2.Client(base_url=site, transport=transport) as client:
                page = client.get("/r/ldr/mail.txt").text
        finally:
            serving.terminate()

    assert f"http://localhost:{port}" == site
    assert f"{site}/r/ldr" in page
    assert "127.0.0.1" not in page
