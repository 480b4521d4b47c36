"""``make fuzz N=100000 SEED=1``: spoilt requests, then what the API's description allows.

Ends with what failed, and exit 1 where anything did; the seed that it prints does it again.
"""

import asyncio
import logging
import os
import random
import sys
import tempfile
import time
from pathlib import Path

import hypothesis
import schemathesis
from hypothesis import HealthCheck, given

from app.settings import ROOT, Settings
from app.store.engine import make_engine, writer_sessions
from app.store.migrate import migrate
from app.store.seeding import load_seed
from app.web.app import create_app
from tests.conftest import SEEDED_AT
from tests.fuzz.asking import Asked, ask
from tests.running import SITE, client_of

# One in so many is made from the description: these take ten times as long.
DESCRIBED = 20
OPEN = {"rate_uploads": "", "rate_token": "", "sender_pending_documents": 10_000}


def database(folder: str) -> str:
    url = f"sqlite:///{Path(folder) / 'fuzz.db'}"
    migrate(url)
    engine = make_engine(url)
    with writer_sessions(engine).begin() as session:
        load_seed(session, ROOT / "seed", SEEDED_AT)
    engine.dispose()
    return url


def described(url: str, number: int, seed: int, asked: Asked) -> None:
    """Ask what the API's own description allows."""
    with client_of(url, **OPEN) as client:
        found = schemathesis.openapi.from_dict(client.get("/api/v1/openapi.json").json())
        operations = [one.ok() for one in found.get_all_operations()]
        for operation in operations:

            @hypothesis.seed(seed)
            @hypothesis.settings(
                max_examples=number // len(operations) + 1, deadline=None, database=None,
                suppress_health_check=list(HealthCheck), phases=[hypothesis.Phase.generate],
            )  # fmt: skip
            @given(case=operation.as_strategy())
            def send(case) -> None:
                sent = case.as_transport_kwargs(base_url=SITE)
                if isinstance(sent.get("data"), str | bytes):
                    sent["content"] = sent.pop("data")
                known = ("method", "url", "params", "headers", "json", "data", "content", "cookies")
                kept = {k: v for k, v in sent.items() if k in known and v}
                status = client.request(**kept).status_code
                asked.statuses[status] += 1
                if not 200 <= status < 500:
                    asked.bad.append(f"{status} for {kept!r}"[:2000])

            send()


def main() -> int:
    number = int(os.environ.get("N") or 100_000)
    seed = int(os.environ.get("SEED") or random.randrange(2**32))
    print(f"{number} requests, SEED={seed}", flush=True)
    logging.disable(logging.CRITICAL)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        url = database(folder)
        app = create_app(Settings(database_url=url, **OPEN))
        say = lambda line: print(line, flush=True)  # noqa: E731
        asked = asyncio.run(ask(app, seed, number - number // DESCRIBED, say))
        described(url, number // DESCRIBED, seed, asked)
    print(f"{asked.statuses.total()} answered in {time.monotonic() - began:.0f} s:")
    print(*(f"  {status}: {n}" for status, n in sorted(asked.statuses.items())), sep="\n")
    print(f"Slowest, {asked.slowest[0]:.2f} s of processor time: {asked.slowest[1]}")
    print(*asked.bad[:40], f"{len(asked.bad)} failed, SEED={seed}", sep="\n")
    return 1 if asked.bad else 0


if __name__ == "__main__":
    sys.exit(main())
