"""Bodies as they really come: too long, endless, slow, cut off, or lying about their length."""

import select
import socket
from contextlib import contextmanager
from http.client import HTTPResponse

import pytest

from app.settings import Settings
from app.web.app import create_app
from tests.running import served
from tests.web.tiny import API, MOST, Recorder, limited

HEAD = f"POST {API} HTTP/1.1\r\nHost: localhost\r\n".encode()
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BLOCK = 64 * 1024
# The server stops reading at 64 KiB, and one read of its event loop may bring 256,000 bytes.
LARGEST_MESSAGE = 64 * 1024 + 256_000
CHUNK = b"%x\r\n%b\r\n" % (BLOCK, b"x" * BLOCK)


class Counting:
    """Counts what the application around it was given of bodies."""

    def __init__(self, app):
        self._app = app
        self.taken = 0

    async def __call__(self, scope, receive, send):
        async def counting():
            message = await receive()
            self.taken += len(message.get("body", b""))
            return message

        await self._app(scope, counting, send)


@contextmanager
def connected(address):
    port = int(address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        yield connection


def answer_of(connection):
    """Read one answer, and return it with its body."""
    answer = HTTPResponse(connection)
    answer.begin()
    return answer, answer.read()


def send_all(address, data):
    """Send one request, and return its answer."""
    with connected(address) as connection:
        connection.sendall(data)
        return answer_of(connection)[0]


def send_until_answered(connection, block, times):
    """Send a block over and over until there is an answer; return the bytes that left."""
    sent = 0
    while sent < len(block) * times:
        readable, _, _ = select.select([connection], [connection], [], 30)
        if readable:
            break
        sent += connection.send(block)
    return sent


@pytest.fixture(scope="module")
def recorder():
    return Recorder()


@pytest.fixture(scope="module")
def counting(recorder):
    return Counting(limited(recorder, body_seconds=20))


@pytest.fixture(scope="module")
def address(counting):
    with served(counting) as address:
        yield address


@pytest.fixture(autouse=True)
def fresh(recorder, counting):
    """Forget what earlier tests sent."""
    recorder.bodies.clear()
    counting.taken = 0


def assert_still_served(address, recorder):
    assert 200 == send_all(address, HEAD + b"Content-Length: 5\r\n\r\nafter").status
    assert b"after" == recorder.bodies.pop()


def test_a_body_of_200_megabytes_is_refused_without_being_read(address, counting, recorder):
    total = 200 * 1024 * 1024
    with connected(address) as connection:
        connection.sendall(CHUNKED)
        connection.setblocking(False)
        sent = send_until_answered(connection, CHUNK, total // BLOCK)
        connection.settimeout(30)
        answer, _ = answer_of(connection)

    assert (413, "close") == (answer.status, answer.getheader("connection"))
    assert counting.taken <= MOST + LARGEST_MESSAGE
    assert sent < total // 4
    assert_still_served(address, recorder)
    assert [] == recorder.bodies


def test_a_body_that_is_said_to_be_too_large_is_refused_before_any_of_it(address, counting):
    head = HEAD + b"Content-Length: 209715200\r\nExpect: 100-continue\r\n\r\n"

    assert 413 == send_all(address, head).status
    assert 0 == counting.taken


def test_a_client_that_waits_for_leave_to_send_gets_it(address, recorder):
    with connected(address) as connection:
        connection.sendall(HEAD + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n")
        connection.sendall(b"leave")
        assert 200 == answer_of(connection)[0].status
    assert [b"leave"] == recorder.bodies


def test_a_body_in_chunks_arrives_whole(address, recorder):
    body = b"".join(b"1\r\n%b\r\n" % letter for letter in (b"a", b"b", b"c"))

    assert 200 == send_all(address, CHUNKED + body + b"0\r\n\r\n").status
    assert [b"abc"] == recorder.bodies


def test_nothing_beyond_the_length_that_is_said_belongs_to_the_body(address, recorder):
    # What follows is no request; whether the server sees that first is the network's choice.
    assert send_all(address, HEAD + b"Content-Length: 3\r\n\r\nabcdef").status in {200, 400}
    assert_still_served(address, recorder)
    assert {b"abc"} >= set(recorder.bodies)


@pytest.mark.parametrize(
    "start",
    [HEAD + b"Content-Length: 100\r\n\r\nhalf", CHUNKED + b"4\r\nhalf\r\n"],
    ids=["by length", "in chunks"],
)
def test_a_client_that_leaves_in_the_middle_is_not_served_and_others_are(address, recorder, start):
    with connected(address) as connection:
        connection.sendall(start)

    assert_still_served(address, recorder)
    assert [] == recorder.bodies


def test_a_connection_goes_on_after_an_answer_that_read_the_body(address, recorder):
    with connected(address) as connection:
        for body in (b"one", b"two"):
            connection.sendall(HEAD + b"Content-Length: 3\r\n\r\n" + body)
            assert 200 == answer_of(connection)[0].status
    assert [b"one", b"two"] == recorder.bodies


@pytest.mark.parametrize(
    "start",
    [HEAD + b"Content-Length: 100\r\n\r\nhalf", CHUNKED + b"4\r\nhalf\r\n"],
    ids=["by length", "in chunks"],
)
def test_a_body_that_takes_too_long_is_refused(recorder, start):
    with served(limited(recorder, body_seconds=0.3)) as address:
        answer = send_all(address, start)
        assert_still_served(address, recorder)

    assert (408, "close") == (answer.status, answer.getheader("connection"))
    assert [] == recorder.bodies


def test_the_real_application_is_behind_the_limits(settings):
    tight = Settings(database_url=settings.database_url, max_body_bytes=10)
    with served(create_app(tight)) as address:
        answer = send_all(address, HEAD + b"Content-Length: 11\r\n\r\n")

    assert (413, "nosniff") == (answer.status, answer.getheader("x-content-type-options"))
