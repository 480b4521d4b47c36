"""Measure pages against ceilings of the same run; prints ratios, judges nothing.

The ceiling of a kept page is the same server answering fixed bytes of the same size. A
rendered page is compared with a kept one. Everything stays on 127.0.0.1, is bounded in
count, and ends by itself.
"""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
ROUNDS, REQUESTS = 5, 200
ASKED = {"Accept": "text/html", "Accept-Encoding": "identity"}
PATHS = ("/", "/index.txt", "/corrected", "/r/ldr/x2avic/write", "/r/ldr/x2avic/write.txt")


async def fixed(scope, _receive, send) -> None:
    """The ceiling: as many bytes as the path asks for, with nothing to think about."""
    if scope["type"] != "http":
        return
    size = int(scope["path"].strip("/") or 1)
    headers = [(b"content-length", str(size).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"x" * size})


@contextmanager
def serving(application: str, url: str, *, factory: bool) -> Iterator[int]:
    """Serve an application in a process of its own; yields the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", application]
    command += ["--port", str(port), "--log-level", "error"]
    environment = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command + ["--factory"] * factory, cwd=ROOT, env=environment)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def per_second(port: int, path: str) -> tuple[float, int]:
    """Return the median of requests a second over the rounds, and the size of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    rates, size = [], 0
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        for _ in range(REQUESTS):
            connection.request("GET", path, headers=ASKED)
            size = len(connection.getresponse().read())
        rates.append(REQUESTS / (time.perf_counter() - begin))
    connection.close()
    return statistics.median(rates), size


def main() -> None:
    """Print one line per page."""
    from app.store.engine import make_engine, writer_sessions
    from app.store.migrate import migrate
    from app.store.seeding import load_seed

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        migrate(url)
        engine = make_engine(url)
        with writer_sessions(engine).begin() as session:
            load_seed(session, ROOT / "seed", datetime.now(UTC))
        engine.dispose()
        app, bare = "app.web.app:create_app", "tests.bench.pages:fixed"
        with serving(app, url, factory=True) as kept, serving(bare, url, factory=False) as ceiling:
            print(f"{'page':28} {'bytes':>8} {'kept/s':>8} {'ceiling/s':>10} {'ratio':>6}")
            for path in PATHS:
                rate, size = per_second(kept, path)
                limit, _ = per_second(ceiling, f"/{size}")
                print(f"{path:28} {size:8} {rate:8.0f} {limit:10.0f} {rate / limit:6.2f}")
        os.environ["VAPIC_PAGE_CACHE_BYTES"] = "0"
        with serving(app, url, factory=True) as rendered:
            print(f"\n{'page':28} {'rendered/s':>10}   (nothing kept)")
            for path in PATHS:
                print(f"{path:28} {per_second(rendered, path)[0]:10.0f}")


if __name__ == "__main__":
    main()
