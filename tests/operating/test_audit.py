"""``make audit`` against a database of weaknesses: one that answers, one that does not, none."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests import audit


@contextmanager
def database(status, weak=()):
    """Serve what OSV would; yields its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))["queries"]
            told = [
                {"vulns": [{"id": "X-1"}]} if q["package"]["name"] in weak else {} for q in asked
            ]
            body = json.dumps({"results": told}).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("answered", "code", "said"),
    [
        ((200, ()), 0, "no known weakness"),
        ((200, ("fastapi",)), 1, "PyPI fastapi "),
        ((200, ("htmx.org",)), 1, "npm htmx.org "),
        ((405, ("fastapi",)), 0, "nothing was checked"),
    ],
)
def test_what_is_known_is_said_and_silence_is_not_taken_for_health(
    monkeypatch, capsys, answered, code, said
):
    with database(*answered) as address:
        monkeypatch.setenv("OSV_URL", address)
        assert code == audit.main()
    assert said in capsys.readouterr().out


def test_offline_it_says_that_nothing_was_checked(monkeypatch, capsys):
    monkeypatch.setenv("OSV_URL", "http://127.0.0.1:9")
    assert 0 == audit.main()
    assert "nothing was checked" in capsys.readouterr().out


def test_every_lock_file_is_asked_about():
    found = audit.locked()
    assert {"PyPI", "npm"} == {ecosystem for ecosystem, _, _ in found}
    assert {"fastapi", "pytest", "uv", "htmx.org"} <= {name for _, name, _ in found}
