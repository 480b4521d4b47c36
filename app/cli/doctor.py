"""Whether the installation is in order: one line a question, and what mends what is not."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer
from packaging.requirements import Requirement
from sqlalchemy import make_url, text
from sqlalchemy.exc import SQLAlchemyError

from app.cli.database import seed_offline
from app.cli.saying import say
from app.core import inhibits
from app.core.numbers import count_noun
from app.curation.seed import check_seed
from app.errors import AppError, InvalidSeed
from app.export.copies import engine_for
from app.probing.guest_build import PACKAGES
from app.probing.host.command import SIGNALLED
from app.probing.host.doctor import diagnose_in_words
from app.probing.host.keeping import Interrupted
from app.probing.host.reasons import Reasons
from app.settings import ROOT, Settings
from app.store import queries
from app.store.engine import (
    GET_DRIVER,
    NO_DRIVER,
    Session,
    disposing,
    may_write,
    reader_sessions,
)

doctor = typer.Typer(no_args_is_help=False)
HTMX = "static/vendor/htmx.min.js"
OLDEST = (3, 11)
# Room for a copy of a large database, and for its log of writes.
FREE_BYTES = 512 * 2**20
# A data version from the future by more than that says that the clock is wrong.
CLOCK_SECONDS = 300
MAKE = "vapic migrate && vapic seed"


@dataclass(frozen=True)
class Checkup:
    """One question and its answer; ``mend`` is what to do, empty where nothing is wrong."""

    subject: str
    said: str
    mend: str = ""


@doctor.callback(invoke_without_command=True)
def installation(context: typer.Context) -> None:
    """Check the installation; ends in 1 where something is to be mended."""
    if context.invoked_subcommand:
        return
    found = [one for question in QUESTIONS for one in question(Settings())]
    for one in found:
        say(f"{'problem' if one.mend else 'ok':<8} {one.subject:<10} {one.said}")
        if one.mend:
            say(f"{'':<19} {one.mend}")
    if wrong := sum(bool(one.mend) for one in found):
        say(f"{count_noun(wrong, 'problem')}.")
        raise typer.Exit(1)


@doctor.command()
def host(
    *,
    pid: Annotated[int, typer.Option(min=0, help="The process of a running VM.")] = 0,
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="How long to trace it.")] = 3,
    tracefs: Annotated[Path | None, typer.Option(help="Where tracefs is.", exists=True)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say whether AVIC is on here; ends in 0 for on, 1 for off, 2 where that is not known."""
    reasons = Reasons(**inhibits.as_data(seed_offline().knowledge))
    try:
        said, code = diagnose_in_words(reasons, pid, seconds, tracefs, as_json=as_json)
    except Interrupted as error:
        say(f"vapic: {error}: tracing is off.", err=True)
        raise typer.Exit(SIGNALLED + error.number) from None
    say(said)
    raise typer.Exit(code)


def python(_: Settings) -> Iterator[Checkup]:
    """The interpreter."""
    mend = "" if sys.version_info >= OLDEST else "PYTHON=python3.11 make run"
    yield Checkup("Python", sys.version.split()[0], mend)


def packages(_: Settings) -> Iterator[Checkup]:
    """What is installed, against the lock."""
    lock = ROOT / "requirements.txt"
    lines = lock.read_text("utf-8").splitlines() if lock.exists() else ()
    pinned = [Requirement(line.rstrip("\\ ")) for line in lines if line[:1].isalnum()]
    wanted = [one for one in pinned if not one.marker or one.marker.evaluate()]
    others = [
        f"{one.name} {_installed(one.name) or 'missing'} ({one.specifier})"
        for one in wanted
        if not one.specifier.contains(_installed(one.name) or "0")
    ]
    if others:
        mend = f"{sys.executable} -m pip install --require-hashes -r {lock}"
        yield Checkup("packages", f"not as locked: {', '.join(others)}", mend)
    else:
        yield Checkup("packages", f"{len(wanted)} as locked" if wanted else "no lock file here")


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def script(_: Settings) -> Iterator[Checkup]:
    """The one script that npm fetches."""
    there = (ROOT / HTMX).is_file()
    said = "there" if there else "missing: pages work without JavaScript"
    yield Checkup("htmx", said, "" if there else f"make -C {ROOT} {HTMX}")


def database(settings: Settings) -> Iterator[Checkup]:
    """Whether the database is there, of this release, and takes what is sent."""
    if settings.export_file:
        yield Checkup("database", f"{settings.export_file} is served, read-only")
        return
    sqlite = make_url(settings.database_url).get_backend_name() == "sqlite"
    try:
        with disposing(engine_for(settings)) as engine:
            with reader_sessions(engine)() as session:
                yield from _stored(session)
            if sqlite and not may_write(engine):
                yield Checkup("writing", "refused", "chown the file and its folder to who serves")
    except AppError as error:
        driver = error.message == NO_DRIVER
        yield Checkup("database", error.message, GET_DRIVER if driver else MAKE)
        return
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", error)).partition("\n")[0]
        yield Checkup(
            "database", said, "vapic verify" if sqlite else "start its server, or let this user in"
        )
        return
    if sqlite:
        yield from _room(Path(make_url(settings.database_url).database or ".").parent)


def _stored(session: Session) -> Iterator[Checkup]:
    queries.require_schema(session)
    yield Checkup("schema", queries.SCHEMA)
    shown = queries.find_version(session)
    yield Checkup("database", f"data version {shown.name}")
    if session.get_bind().dialect.name == "sqlite":
        mode = session.scalar(text("pragma journal_mode"))
        wrong = (
            ""
            if mode == "wal"
            else "move the file to a disk of this machine: a network one has no WAL"
        )
        yield Checkup("journal", str(mode), wrong)
    late = (shown.created_at - datetime.now(UTC)).total_seconds() > CLOCK_SECONDS
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    said = f"{now}, before the newest data version" if late else now
    yield Checkup("clock", said, "timedatectl set-ntp true" * late)


def _room(folder: Path) -> Iterator[Checkup]:
    free = shutil.disk_usage(folder).free
    said = f"{free // 2**20} MiB free in {folder}"
    yield Checkup("disk", said, "" if free >= FREE_BYTES else f"make room in {folder}")


def seed(settings: Settings) -> Iterator[Checkup]:
    """Whether the seed would load."""
    try:
        yield Checkup("seed", count_noun(len(check_seed(settings.seed)), "fact"))
    except InvalidSeed as error:
        yield Checkup("seed", error.message, f"vapic lint {settings.seed}")


def address(settings: Settings) -> Iterator[Checkup]:
    """Whether what listens knows what it is called."""
    needed = not settings.loopback and not settings.base_url
    said = f"{settings.site}, called {', '.join(sorted(settings.hosts))}"
    mend = "set VAPIC_BASE_URL to the address that people use" if needed else ""
    yield Checkup("address", said, mend)


def compiler(settings: Settings) -> Iterator[Checkup]:
    """Whether there is a probe to give away, or what makes one."""
    if settings.probe_file.exists():
        yield Checkup("probe", str(settings.probe_file))
        return
    missing = sorted({PACKAGES[tool] for tool in PACKAGES if not shutil.which(tool)})
    pack = f"vapic probe pack {settings.probe_file}"
    mend = f"apt install {' '.join(missing)} && {pack}" if missing else pack
    yield Checkup("probe", "/vapic-probe.pyz is missing", mend)


QUESTIONS: tuple[Callable[[Settings], Iterator[Checkup]], ...] = (
    python, packages, script, database, seed, address, compiler,
)  # fmt: skip
