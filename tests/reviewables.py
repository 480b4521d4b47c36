"""Measurements for tests of tokens and review: small documents, submitted as the site does."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from app.core.words import State
from app.intake.submitting import Incoming, Receipt, prepare, submit
from app.store import queries
from app.store.seeding import load_knowledge
from app.store.submissions import Decision, Token

HERE = "http://127.0.0.1:8000"
RECEIVED_AT = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
# A Zen 5 of which nobody reported anything; the write is not what the manual rules.
SEEN = (
    {"register": "tpr", "mode": "avic", "access": "read", "outcome": "allowed"},
    {"register": "ldr", "mode": "x2avic", "access": "read", "outcome": "allowed"},
    {"register": "ldr", "mode": "x2avic", "access": "write", "outcome": "ignored"},
    {"register": "id", "mode": "x2avic", "access": "read", "outcome": "gp", "intercepted": True},
)


def make_document(**changes: Any) -> bytes:
    """Return a document of format 1 from one Zen 5 machine."""
    defaults = {
        "format": 1,
        "tool": {"name": "apic-sweep", "version": "1.0"},
        "measured_at": "2026-11-20T10:00:00Z",
        "cpu": {"vendor": "AuthenticAMD", "family": 26, "model": 2, "stepping": 1},
        "features": {"avic": True, "x2avic": True},
        "hypervisor": {"name": "KVM", "version": "6.12"},
        "guest": {"name": "sweep.flat", "command": "qemu-system-x86_64 -accel kvm"},
        "observations": list(SEEN),
        "submitter": {"name": "Ada Example"},
    }
    return json.dumps(defaults | changes).encode()


def submit_document(
    session: Session, raw: bytes, now: datetime = RECEIVED_AT, token: Token | None = None
) -> Receipt:
    """Submit a document to the newest data version."""
    knowledge = load_knowledge(session, queries.current_version_id(session))
    measurement = prepare(raw, knowledge, now)
    return submit(session, Incoming(raw=raw, measurement=measurement, token=token), now)


def decision(state: State, reason: str = "It is so.") -> Decision:
    """Return a decision by nobody in particular."""
    return Decision(state, reason, RECEIVED_AT, "A reviewer")


def browser(app: ASGIApp, base: str = HERE) -> TestClient:
    """Return a client that follows no redirect; used without the app's lifespan, or with it."""
    return TestClient(app, base_url=base, headers={"accept": "text/html"}, follow_redirects=False)


def decide(
    client: TestClient, slug: str, state: str, reason: str = "It is so.", **more: str
) -> Response:
    """Send the form of a decision, being sure; ``seen`` is pending, other words are headers."""
    sent = {"seen": more.pop("seen", "pending"), "sure": more.pop("sure", "yes")}
    data = {"state": state, "reason": reason, **sent}
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    return client.post(f"/review/{slug}", data=data, headers=headers)
