"""What Prometheus reads of one process, on a port of its own that only this machine reaches.

Labels have few values, whatever strangers ask for: an address that is none of ours is ``other``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app.errors import NotReady
from app.pages.promises import OURS
from app.store import queries, submissions
from app.web.observed import Answered

log = logging.getLogger(__name__)
UPLOADS = ("/upload", "/api/v1/measurements")
METHODS = ("GET", "HEAD", "POST")
TABLE = ("", "index")
BUCKETS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 20)
CREATED, REFUSED = 201, 400


class Metrics:
    """Counts what is answered; ``kept_bytes`` says how much memory kept pages take."""

    def __init__(self, kept_bytes: Callable[[], int], readers: sessionmaker[Session]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        labels = ("kind", "method", "status", "answer")
        self._requests = Counter(
            "vapic_requests", "Requests that were answered.", labels, registry=self.registry
        )
        told = "From a request to its whole answer."
        self._seconds = Histogram(
            "vapic_request_seconds", told, ("answer",), buckets=BUCKETS, registry=self.registry
        )
        told = "Documents that came, and what became of them."
        self._uploads = Counter("vapic_uploads", told, ("outcome",), registry=self.registry)
        kept = Gauge("vapic_kept_bytes", "Memory of kept pages.", registry=self.registry)
        kept.set_function(kept_bytes)
        self.registry.register(Stored(readers))
        ProcessCollector(registry=self.registry)

    def count(self, answered: Answered) -> None:
        """Count one answer."""
        method, path = answered.scope["method"], answered.scope["path"]
        status = f"{answered.status // 100}xx"
        method = method if method in METHODS else "other"
        self._requests.labels(kind_of_path(path), method, status, answered.made).inc()
        self._seconds.labels(answered.made).observe(answered.seconds)
        if method == "POST" and path in UPLOADS:
            refused = not 0 < answered.status < REFUSED
            taken = "taken" if answered.status == CREATED else "checked"
            self._uploads.labels("refused" if refused else taken).inc()

    @contextmanager
    def served(self, port: int) -> Iterator[None]:
        """Serve them; a port that another process has is a line in the log, and no more."""
        try:
            server, thread = start_http_server(port, "127.0.0.1", self.registry)
        except OSError as error:
            log.error("no /metrics on port %s: %s", port, error)  # noqa: TRY400
            yield
            return
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def kind_of_path(path: str) -> str:
    """Return the first part of an address of ours: ``r``, ``api``; ``table``, or ``other``."""
    first = path.lstrip("/").partition("/")[0].partition(".")[0]
    if first in TABLE:
        return "table"
    return first if first in OURS else "other"


class Stored(Collector):
    """What the database says when somebody looks, and how long it takes to say it."""

    def __init__(self, readers: sessionmaker[Session]) -> None:
        self._readers = readers

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield what was read; of a database that cannot be read only that it cannot."""
        began, found = time.perf_counter(), []
        try:
            with self._readers() as session:
                version = queries.find_version(session)
                documents, size = submissions.pending(session)
            age = (datetime.now(UTC) - version.created_at).total_seconds()
            found = [
                ("vapic_pending_documents", "Documents that wait for a decision.", documents),
                ("vapic_pending_bytes", "Their bytes.", size),
                ("vapic_data_version_age_seconds", "Since the newest data version.", age),
                ("vapic_database_seconds", "To read these.", time.perf_counter() - began),
            ]
        except (SQLAlchemyError, NotReady):
            log.warning("/metrics: the database cannot be read")
        yield GaugeMetricFamily("vapic_database_up", "Whether it can be read.", len(found) > 0)
        for name, text, value in found:
            yield GaugeMetricFamily(name, text, value)

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Yield nothing: to be registered asks no database."""
        return iter(())
