"""A database that has lived: a seed, a token, documents in every state, a contact withheld."""

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.words import State, TokenScope
from app.export import exporting
from app.intake import reviewing, submitting
from app.store.engine import reader_sessions, writer_sessions
from app.store.snapshots import Snapshot, load_snapshot
from app.store.submissions import digest_of
from tests.conftest import SEEDED_AT, engine_of
from tests.reviewables import decision, make_document, submit_document

LATER = SEEDED_AT + timedelta(days=1)
WITHHELD = "ada@withheld.example"


@dataclass(frozen=True)
class Lived:
    """The database, what must stay in it, and an export of each of its last two versions."""

    path: Path
    secrets: tuple[str, ...]
    slugs: tuple[str, ...]
    withheld: str
    json: bytes
    sqlite: bytes
    older: str
    older_json: bytes
    older_sqlite: bytes

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def copy(self, folder: Path) -> str:
        """Return the URL of a copy that a test may write."""
        return f"sqlite:///{shutil.copyfile(self.path, folder / 'lived.db')}"


def both(url: str, at: str = "") -> tuple[str, bytes, bytes]:
    """Return a data version's name with its JSON and its SQLite export."""
    with engine_of(url) as engine, reader_sessions(engine)() as session:
        snapshot = load_snapshot(session, at)
        return snapshot.name, made(snapshot, "vapic.json"), made(snapshot, "vapic.sqlite")


def made(snapshot: Snapshot, stable: str) -> bytes:
    """Return a file of an export whole."""
    return b"".join(exporting.file_of(snapshot, stable).make())


@pytest.fixture(scope="session")
def lived(migrated_template, tmp_path_factory) -> Lived:
    path = Path(shutil.copyfile(migrated_template, tmp_path_factory.mktemp("lived") / "lived.db"))
    url = f"sqlite:///{path}"
    with engine_of(url) as engine:
        sessions = writer_sessions(engine)
        with sessions.begin() as session:
            token, secret = reviewing.new_token(session, "Ada", TokenScope.TRUSTED, LATER)
        receipts = []
        for number, state in enumerate((State.ACCEPTED, State.REJECTED, State.PENDING)):
            raw = make_document(notes=f"Document {number}.")
            with sessions.begin() as session:
                receipts.append(submit_document(session, raw, LATER))
            if state is not State.PENDING:
                with sessions.begin() as session:
                    submitting.take_decision(
                        session, receipts[-1].measurement.slug, decision(state)
                    )
        older, older_json, older_sqlite = both(url)
        private = {"name": "Ada Example", "contact": WITHHELD, "withhold": True}
        with sessions.begin() as session:
            raw = make_document(submitter=private)
            receipts.append(submit_document(session, raw, LATER, token))
    _, json_, sqlite = both(url)
    secrets = (secret, *(receipt.secret for receipt in receipts))
    return Lived(
        path=path,
        secrets=(*secrets, *map(digest_of, secrets), WITHHELD),
        slugs=tuple(receipt.measurement.slug for receipt in receipts),
        withheld=receipts[-1].measurement.slug,
        json=json_,
        sqlite=sqlite,
        older=older,
        older_json=older_json,
        older_sqlite=older_sqlite,
    )


@pytest.fixture(scope="session")
def copy_file(lived, tmp_path_factory) -> Path:
    """The SQLite export of the newest version, as a file."""
    path = tmp_path_factory.mktemp("copy") / "all.sqlite"
    path.write_bytes(lived.sqlite)
    return path
