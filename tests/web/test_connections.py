"""Clients that hold connections, beside those who only want a page, at a real server."""

import resource
import socket
import statistics
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from app.settings import Settings
from app.web.connections import served_by
from tests.running import served, serving
from tests.web.tiny import Recorder, limited

HALF = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-"
WHOLE = b"GET /r/ldr HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LARGE = WHOLE.replace(b"/r/ldr", b"/index.json")
SLOW = b"POST /check-mail HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n"
# Short, so that the tests are; and what others may notice of it all.
BOUNDS = {"head_seconds": 1, "read_seconds": 2, "connections": 1000, "rate_uploads": ""}
MOST_SECONDS = 0.2
MOST_MEMORY = 50e6


@pytest.fixture(scope="module")
def server(shared_url):
    """A server, and the memory that it takes once it has shown a page."""
    with serving(shared_url, **BOUNDS) as (site, process):
        get(port_of(site), "/r/ldr")
        yield port_of(site), process.pid, memory(process.pid)


@pytest.fixture
def held():
    """Connections that are closed after the test, of which there may be many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    with ExitStack() as stack:
        yield stack
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def port_of(site):
    return int(site.rpartition(":")[2])


def memory(pid):
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * resource.getpagesize()


def get(port, path):
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def connect(held, port, data):
    """Open a connection with room for little that is not read; send what it takes unread."""
    connection = held.enter_context(socket.socket())
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    connection.settimeout(30)
    connection.send(data)
    return connection


def read_all(connection):
    """Return what a connection still brings, and whether it ended as it should."""
    stream = b""
    try:
        while data := connection.recv(100_000):
            stream += data
    except ConnectionResetError:
        return stream, False
    return stream, True


def assert_unharmed(server):
    """Assert that others are served as ever; the median, since this machine has other work."""
    port, pid, before = server
    taken = []
    for _ in range(9):
        begin = time.perf_counter()
        assert 200 == get(port, "/r/ldr")
        taken.append(time.perf_counter() - begin)
    assert statistics.median(taken) < MOST_SECONDS
    assert memory(pid) < before + MOST_MEMORY


def test_who_sends_half_a_head_is_told_and_gone_while_others_are_served(server, held):
    waiting = [connect(held, server[0], HALF) for _ in range(200)]
    assert_unharmed(server)

    for connection in waiting:
        answer = HTTPResponse(connection)
        answer.begin()
        assert (408, b"too long" in answer.read()) == (answer.status, True)
        assert b"" == connection.recv(1)


def test_a_head_without_end_is_refused(server, held):
    connection = connect(held, server[0], b"")
    connection.sendall(HALF + b"x" * 70_000)

    assert connection.recv(100).startswith(b"HTTP/1.1 431 ")


def test_more_connections_than_there_may_be_push_out_those_that_wait_the_longest(server, held):
    waiting = [connect(held, server[0], HALF if number % 2 else b"") for number in range(1200)]
    assert_unharmed(server)

    assert b"" == waiting[0].recv(1)


def test_who_comes_while_every_connection_is_being_served_is_told_so(held):
    with served(limited(Recorder()), **served_by(Settings(connections=1))) as site:
        connect(held, port_of(site), SLOW)
        time.sleep(0.2)
        answer = held.enter_context(HTTPResponse(connect(held, port_of(site), b"")))
        answer.begin()

    assert 503 == answer.status


def test_who_asks_over_and_over_and_never_reads_is_cut_off(server, held):
    waiting = [connect(held, server[0], LARGE * 4000) for _ in range(20)]
    assert_unharmed(server)

    time.sleep(BOUNDS["read_seconds"] + 2)
    assert not any(b"connection: close" in read_all(connection)[0] for connection in waiting)


def test_what_is_pipelined_is_answered_in_order_and_then_no_more(server, held):
    stream, _ = read_all(connect(held, server[0], WHOLE * 40))

    assert 17 == stream.count(b"HTTP/1.1 200 OK") == stream.count(b"</html>")
    assert 1 == stream.count(b"connection: close")


@pytest.mark.parametrize("chunked", [False, True])
def test_who_sends_too_much_reads_so(server, chunked):
    body = iter([b"x" * 100_000] * 50) if chunked else b"x" * 5_000_000
    address = f"http://127.0.0.1:{server[0]}/api/v1/measurements"

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(address, body))

    with refused.value as answer:
        assert (413, True) == (answer.code, b"too-large" in answer.read())


def test_who_sends_a_mail_of_thirty_thousand_empty_parts_keeps_nobody_waiting(server):
    head = b'MIME-Version: 1.0\nFrom: a@b\nTo: c@d\nContent-Type: multipart/mixed; boundary="b"\n\n'
    address = f"http://127.0.0.1:{server[0]}/api/v1/check-mail"
    request = urllib.request.Request(address, head + b"--b\n\n\n" * 30_000)
    with ThreadPoolExecutor() as sending:
        answers = [sending.submit(urllib.request.urlopen, request) for _ in range(4)]
        assert_unharmed(server)

    for answer in answers:
        with answer.result() as told:
            assert b'"notes":' in told.read()


def test_thousands_of_long_queries_leave_nothing_behind(server, held):
    connection = connect(held, server[0], b"")
    answers = held.enter_context(connection.makefile("rb"))
    # Were they kept, they would take three times what may be taken.
    query = b"x" * 60_000
    for number in range(3000):
        connection.sendall(
            b"HEAD /index.txt?%d%b HTTP/1.1\r\nHost: localhost\r\n\r\n" % (number, query)
        )
        assert answers.readline().startswith(b"HTTP/1.1 414 ")
        while answers.readline().strip():
            pass

    assert_unharmed(server)
