"""Detached OpenSSH signatures of measurement documents, verified by ``ssh-keygen``."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from app.core.faults import BadDocument, Fault

NAMESPACE = "vapic-measurement"
MAX_BYTES = 16 * 1024
TIMEOUT_SECONDS = 10.0
ARMOUR = b"-----BEGIN SSH SIGNATURE-----"
HOW = f"what `ssh-keygen -Y sign -n {NAMESPACE} -f KEY FILE` writes to FILE.sig"
_GOOD = re.compile(
    rf'^Good "{NAMESPACE}" signature with \S+ key (SHA256:[A-Za-z0-9+/]{{43}})$', re.MULTILINE
)


def verify(raw: bytes, signature: bytes) -> str:
    """Return the fingerprint, ``SHA256:...``, of the key that signed ``raw``.

    It says which key signed, not whose key that is. Raises BadDocument, at ``/signature``,
    for a signature that is none, that is of other bytes or for another purpose, and when
    this server has no ``ssh-keygen``.
    """
    if len(signature) > MAX_BYTES:
        raise _bad(f"{len(signature)} bytes", f"at most {MAX_BYTES} bytes")
    # Forms and mail change line ends and indents; the armour does not depend on them.
    armoured = b"\n".join(line.strip() for line in signature.strip().splitlines())
    if not armoured.startswith(ARMOUR):
        raise _bad("no OpenSSH signature", HOW)
    said = _ask_ssh_keygen(raw, armoured + b"\n")
    good = _GOOD.search(said.stdout.decode("utf-8", "replace"))
    if said.returncode != 0 or good is None:
        # What it said first, without anything that does not print.
        lines = said.stderr.decode("utf-8", "replace").strip().splitlines() or ["a bad signature"]
        complaint = "".join(c for c in lines[0] if c.isprintable())[:100]
        raise _bad(complaint, "a signature of exactly these bytes", HOW)
    return good[1]


def _ask_ssh_keygen(raw: bytes, signature: bytes) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("ssh-keygen")
    if program is None:
        raise _bad("a signature", "none: this server has no ssh-keygen to verify it with")
    with tempfile.TemporaryDirectory(prefix="vapic-") as folder:
        file = Path(folder) / "document.sig"
        file.write_bytes(signature)
        command = [program, "-Y", "check-novalidate", "-n", NAMESPACE, "-s", str(file)]
        try:
            return subprocess.run(  # noqa: S603 - no shell, and nothing of the sender's in it
                command,
                input=raw,
                capture_output=True,
                check=False,
                timeout=TIMEOUT_SECONDS,
                env={"PATH": os.defpath, "LC_ALL": "C"},
            )
        except subprocess.TimeoutExpired:
            expected = f"one that is verified within {TIMEOUT_SECONDS:g} seconds"
            raise _bad("a signature", expected) from None
        except OSError as error:
            expected = f"none: ssh-keygen cannot be run here ({error.strerror})"
            raise _bad("a signature", expected) from None


def _bad(found: str, expected: str, hint: str = "") -> BadDocument:
    return BadDocument((Fault("/signature", found, expected, hint),))
