"""The commands that make the database, load the seed and derive what follows from it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.cli.database import writing
from app.cli.saying import say
from app.core.knowledge import Knowledge
from app.core.numbers import count_noun
from app.curation.seed import check_seed
from app.intake.kept import check_kept, load_kept
from app.probing import packing
from app.probing.guest_build import BuildFailed
from app.settings import Settings
from app.store import queries, seeding
from app.store.migrate import migrate as run_migrations

Folder = Annotated[Path | None, typer.Argument(help="Folder of the seed.")]


def prepare() -> None:
    """Migrate, load the seed, and make the probe to give away, where there is a compiler."""
    migrate()
    seed()
    file = Settings().probe_file
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        packing.pack(file)
    except (BuildFailed, OSError) as error:
        if not file.exists():
            say(f"/vapic-probe.pyz will be missing: {error}")


def migrate() -> None:
    """Create the database, or bring it to the newest schema."""
    run_migrations(Settings().database_url)


def seed(folder: Folder = None) -> None:
    """Load the curated knowledge.

    The same seed again changes nothing.
    """
    with writing() as session:
        now, place = datetime.now(UTC), folder or Settings().seed
        loaded = seeding.load_seed(session, place, now)
        kept = load_kept(session, place, now)
        shown = queries.find_version(session).name
    made = f"data version {shown}" if loaded.version or kept else "nothing changed"
    say(f"{loaded.facts} facts: {made}")
    if kept:
        say(f"{count_noun(kept, 'measurement')} of the seed taken")


def lint(folder: Folder = None) -> None:
    """Check the seed; names file, line and place of each problem."""
    place = folder or Settings().seed
    entries = check_seed(place)
    known = Knowledge.of(entry.fact for entry in entries)
    kept = check_kept(place, known, datetime.now(UTC))
    also = f", {count_noun(len(kept), 'measurement')}" if kept else ""
    say(f"{len(entries)} facts{also}, no problem")


def rebuild() -> None:
    """Derive the stored judgements anew.

    Says whether that changed anything.
    """
    with writing() as session:
        say("rebuilt, and changed" if seeding.rebuild(session) else "nothing to change")
