"""The server that the command line starts."""

import signal
import socket
from contextlib import ExitStack

import httpx2

from tests.running import serving

PAGE = b"GET /index.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
BODY = b"POST /check-mail HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"


def test_pages_print_the_address_that_serve_was_given_and_no_client_keeps_it_from_ending(
    database_url,
):
    with serving(database_url, "--host", "localhost") as (site, process), ExitStack() as held:
        page = httpx2.get(f"{site}/r/ldr/mail.txt").text
        # Nobody of them reads: half a request, many, none, half a body.
        for data in (PAGE[:20], PAGE * 2000, b"", BODY):
            address = ("localhost", int(site.rpartition(":")[2]))
            held.enter_context(socket.create_connection(address)).send(data)
        # Served: everybody before is known to the server.
        httpx2.get(f"{site}/healthz")
        process.send_signal(signal.SIGTERM)
        ended = process.wait(10)

    assert site.startswith("http://localhost:")
    assert f"{site}/r/ldr" in page
    assert "127.0.0.1" not in page
    assert -signal.SIGTERM == ended


def test_a_port_that_is_taken_is_said_in_one_line_before_anything_is_prepared(vapic, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("PORT", port := str(taken.getsockname()[1]))
        ran = vapic("serve", "--prepare")

    assert (2, "") == (ran.code, ran.out)
    assert f"vapic: 127.0.0.1:{port}: Address already in use. The option --port" in ran.err
