"""`vapic check` and `vapic submit`: the same code as the server, and a client for it."""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer

from app.cli.database import seed_offline
from app.cli.reading import MOST_DOCUMENT, MOST_SIGNATURE, TooLarge, read_file
from app.cli.saying import say
from app.core.faults import BadDocument, Fault
from app.errors import AppError
from app.intake import submitting
from app.intake.serial_log import is_serial_log
from app.pages.measurement_text import check_text

RETRIES = 5
SECONDS = 60


class SubmitFailed(AppError):
    """A document that the server did not take."""

    code = "submit-failed"


def called() -> str:
    """Return how this command is called again, also by root, who has another path mostly."""
    own = Path(sys.argv[0])
    return str(own.absolute()) if len(own.parts) > 1 else own.name


def check(files: Annotated[list[Path], typer.Argument(help="Documents of format 1.")]) -> None:
    """Check measurement documents offline.

    Lists every problem, or the exact effect.
    """
    snapshot = seed_offline()
    refused = False
    for path in files:
        try:
            checked = submitting.check(read_file(path, MOST_DOCUMENT), snapshot)
        except (BadDocument, OSError) as error:
            refused = True
            for fault in error.faults if isinstance(error, BadDocument) else (error.strerror,):
                say(f"{path}: {fault}", err=True)
        except TooLarge as error:
            refused = True
            say(error.message, err=True)
        else:
            say(f"{path}: {checked.measurement.slug}")
            say(check_text(checked, snapshot.knowledge), nl=False)
    if refused:
        raise typer.Exit(1)


def submit(
    file: Annotated[Path, typer.Argument(help="A document of format 1.", exists=True)],
    to: Annotated[str, typer.Option(help="Address of the explorer.")],
    signature: Annotated[Path | None, typer.Option(help="A detached OpenSSH signature.")] = None,
    token: Annotated[str, typer.Option(envvar="VAPIC_TOKEN", help="A submitter's token.")] = "",
) -> None:
    """Send a measurement document.

    The same bytes again give the same receipt.
    """
    raw = read_file(file, MOST_DOCUMENT)
    say(f"SHA-256 {hashlib.sha256(raw).hexdigest()}")
    kind = "text/plain" if is_serial_log(raw) else "application/json"
    headers = {"Content-Type": kind, "Accept": "application/json"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    if signature:
        # The base64 inside the armour, as one line.
        lines = read_file(signature, MOST_SIGNATURE).decode("ascii").splitlines()
        headers["X-Vapic-Signature"] = "".join(x for x in lines if not x.startswith("-----"))
    url = f"{to.rstrip('/')}/api/v1/measurements"
    if not url.startswith(("http://", "https://")):
        raise SubmitFailed(f"{to!r} is not an address that begins with https:// or http://.")
    with typer.progressbar(
        range(RETRIES), label=f"Sending {len(raw)} bytes", show_eta=False
    ) as bar:
        receipt = _send(url, raw, headers, bar)
    say(f"{receipt['state']}: {receipt['url']}")
    if "withdrawal_secret" in receipt:
        say(f"Withdrawal secret, shown this once: {receipt['withdrawal_secret']}")
        say(f"It takes the measurement back: {to.rstrip('/')}/docs/upload says how.")


def _send(url: str, raw: bytes, headers: dict[str, str], bar: Any) -> dict[str, Any]:
    """Send until it is taken or refused; a lost answer is no loss, the digest is the same."""
    problem = ""
    for attempt in bar:
        try:
            answer = httpx2.post(url, content=raw, headers=headers, timeout=SECONDS)
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            problem = f"{url} cannot be reached: {error}"
            time.sleep(min(0.2 * 2**attempt, 5))
            continue
        if answer.is_success:
            bar.update(RETRIES - attempt)
            receipt: dict[str, Any] = answer.json()
            return receipt
        problem = _explain(answer)
        asked = answer.headers.get("retry-after", "")
        if not answer.is_server_error and not asked:
            break
        time.sleep(min(float(asked) if asked.isdigit() else 2**attempt, 60))
    raise SubmitFailed(problem)


def _explain(answer: httpx2.Response) -> str:
    try:
        body = answer.json()
        message = body["error"]["message"]
        # A refusal that is about no place of the document has its message as its only problem.
        problems = [p for p in body.get("problems", ()) if p["found"] != message]
        return "\n".join([message, *(str(Fault(**p)) for p in problems)])
    except (ValueError, KeyError, TypeError):
        return f"the server answered {answer.status_code}"
