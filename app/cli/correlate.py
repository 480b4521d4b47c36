"""`vapic correlate`: a guest's serial log and the host's trace become a document."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.measure import called
from app.cli.reading import MOST_LOG, read_file
from app.cli.saying import say
from app.core.faults import BadDocument
from app.errors import AppError, Conflict
from app.intake import probed
from app.intake.mail_reading import read_mail
from app.intake.recognised import recognise
from app.probing import correlation
from app.probing.correlation import Correlation, NoMarker
from app.probing.correlation_text import correlation_text
from app.probing.guest_log import BadGuestLog
from app.probing.probe_document import HostFacts, as_bytes

PAIR = 2


def correlate(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="GUEST TRACE", help="Serial log and trace of each boot."),
    ],
    *,
    output: Annotated[Path | None, typer.Option(help="Write the document here.")] = None,
    hypervisor_version: Annotated[str, typer.Option(help="As `uname -r` says it.")] = "",
    parameter: Annotated[
        list[str] | None, typer.Option(help="Such as kvm_amd.avic=1; may be repeated.")
    ] = None,
    microcode: Annotated[str, typer.Option(help="Such as 0xa20120a.")] = "",
    command: Annotated[str, typer.Option(help="The command line that repeats it.")] = "",
) -> None:
    """Correlate a guest's log with the host's trace.

    Prints what each access did and writes a document of format 1.
    """
    if len(files) % PAIR:
        raise Conflict("Give a guest log and its trace, in this order, for each boot.")
    pairs = zip(files[::PAIR], files[1::PAIR], strict=True)
    runs = [_correlated(guest, trace) for guest, trace in pairs]
    host = HostFacts(
        version=hypervisor_version,
        parameters=tuple(parameter or ()),
        microcode=microcode,
        command=command,
    )
    try:
        body = probed.document(runs, host)
    except BadDocument as error:
        told = "\n".join(map(str, error.faults))
        raise AppError(f"what was given does not fit the format:\n{told}") from None
    count = len(body["observations"])
    if output is None:
        say(f"{count} observations; --output FILE writes the document.")
        return
    output.write_bytes(as_bytes(body))
    say(f"{count} observations in {output}; `{called()} check {output}` says their effect.")


def _correlated(guest: Path, trace: Path) -> Correlation:
    raws = (read_file(guest, MOST_LOG), read_file(trace, MOST_LOG))
    log, text = (_pasted(path, raw) for path, raw in zip((guest, trace), raws, strict=True))
    with typer.progressbar(
        length=text.count("\n") + 1,
        label=f"Reading {trace.name}",
        show_eta=False,
        file=sys.stderr,
    ) as bar:
        try:
            run = correlation.correlate(log.encode(), text, lambda line: bar.update(line - bar.pos))
        except (BadGuestLog, NoMarker) as error:
            raise AppError(_explained(error, (guest, trace), raws)) from None
        bar.update(bar.length - bar.pos)  # type: ignore[operator]
    say(correlation_text(run))
    return run


def _pasted(path: Path, raw: bytes) -> str:
    pasted = read_mail(raw)
    for note in pasted.notes:
        say(f"{path}: {note}", err=True)
    return pasted.text


def _explained(error: AppError, paths: tuple[Path, ...], raws: tuple[bytes, ...]) -> str:
    """Say what the files are where they are not what they should be."""
    kinds = [recognise(raw) for raw in raws]
    if [kind.reader if kind else "" for kind in kinds] == ["trace", "guest"]:
        return f"The two are swapped: vapic correlate {paths[1]} {paths[0]}"
    wrong = [
        f"{path}: {kind.sentence}"
        for path, kind, wanted in zip(paths, kinds, ("guest", "trace"), strict=True)
        if kind and kind.reader != wanted
    ]
    return "\n".join((*wrong, error.message))
