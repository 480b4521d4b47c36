"""What Prometheus reads: on a port of its own, with few labels, whatever strangers ask for."""

import socket
import urllib.request

import pytest

from app.web.metrics import kind_of_path
from tests.measured.documents import DOCUMENT
from tests.running import client_of


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@pytest.fixture
def port():
    """A port that nobody has."""
    return free_port()


def read(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if line[0] != "#")


def test_what_is_answered_is_counted_beside_what_the_database_says(database_url, port):
    with client_of(database_url, metrics_port=port) as client:
        client.get("/readyz")
        for _ in range(3):
            client.get("/r/ldr")
        client.get("/no/such/page")
        client.request("BREW", "/pot")
        client.post("/api/v1/measurements", json=DOCUMENT)
        client.post("/api/v1/measurements", json=[])
        public = client.get("/metrics")
        found = read(port)

    def requests(kind, method, status, answer):
        labels = f'answer="{answer}",kind="{kind}",method="{method}",status="{status}"'
        return float(found.get(f"vapic_requests_total{{{labels}}}", 0))

    assert 404 == public.status_code
    assert [1, 2] == [requests("r", "GET", "2xx", answer) for answer in ("made", "kept")]
    assert 2 == requests("other", "GET", "4xx", "made")
    assert 1 == requests("other", "other", "4xx", "made")
    assert "1.0" == found['vapic_uploads_total{outcome="taken"}']
    assert "1.0" == found['vapic_uploads_total{outcome="refused"}']
    assert "2.0" == found['vapic_request_seconds_count{answer="kept"}']
    assert "1.0" == found["vapic_pending_documents"] == found["vapic_database_up"]
    assert 0 < float(found["vapic_kept_bytes"])
    assert 0 < float(found["vapic_data_version_age_seconds"])
    assert 2**20 < float(found["process_resident_memory_bytes"])


def test_a_database_that_cannot_be_read_is_a_number_too(tmp_path, port):
    with client_of(f"sqlite:///{tmp_path / 'none.db'}", metrics_port=port):
        assert "0.0" == read(port)["vapic_database_up"]


def test_a_port_that_is_taken_stops_nothing(empty_url, caplog):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with client_of(empty_url, metrics_port=taken) as client:
            assert 200 == client.get("/healthz").status_code
    assert f"no /metrics on port {taken}" in caplog.text


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "table"),
        ("/index.csv", "table"),
        ("/r/ldr/x2avic/write.txt", "r"),
        ("/d.atom", "d"),
        ("/api/v1/cells", "api"),
        ("//evil", "other"),
        ("/%7Bpath", "other"),
        ("/\u202e", "other"),
    ],
)
def test_a_path_has_one_of_few_kinds(path, kind):
    assert kind == kind_of_path(path)
