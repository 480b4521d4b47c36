"""Detached signatures, made and verified by the real ssh-keygen."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from app.core.faults import BadDocument
from app.intake import signature
from app.intake.signature import MAX_BYTES, NAMESPACE, verify

RAW = b'{"format": 1, "notes": "caf\xc3\xa9"}\n'
WRITTEN = "what `ssh-keygen -Y sign"


def keygen(*args, raw=b""):
    command = ["ssh-keygen", *map(str, args)]
    return subprocess.run(command, input=raw, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    """A key without a passphrase."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not installed here, so nothing can be signed")
    path = tmp_path_factory.mktemp("key") / "id"
    keygen("-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path)
    return path


@pytest.fixture(scope="module")
def good(key):
    """The signature of RAW."""
    return sign(key, RAW)


def sign(key, raw, namespace=NAMESPACE):
    return keygen("-Y", "sign", "-f", key, "-n", namespace, raw=raw)


def refused(raw, signed):
    with pytest.raises(BadDocument) as caught:
        verify(raw, signed)
    (fault,) = caught.value.faults
    assert "/signature" == fault.pointer
    return fault


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("kind", [("ed25519",), ("ecdsa",), ("rsa", "-b", "2048")])
def test_a_good_signature_gives_the_fingerprint_of_its_key(kind, tmp_path):
    path = tmp_path / "id"
    keygen("-q", "-N", "", "-f", path, "-t", *kind)
    told = keygen("-l", "-f", path).decode().split()[1]

    assert told.startswith("SHA256:")
    assert told == verify(RAW, sign(path, RAW))


@pytest.mark.parametrize("raw", [b"", b"\x00\xff\r\n", b"-----BEGIN SSH SIGNATURE-----", RAW * 999])
def test_any_bytes_can_be_signed(raw, key):
    assert verify(raw, sign(key, raw)) == verify(RAW, sign(key, RAW))


def test_line_ends_and_space_around_a_signature_do_not_matter(good):
    assert verify(RAW, good) == verify(RAW, b"\n " + good.replace(b"\n", b"\r\n"))


@pytest.mark.parametrize("raw", [RAW.rstrip(), RAW + b" ", RAW.replace(b"1", b"2"), b""])
def test_a_signature_of_other_bytes_is_refused(raw, good):
    fault = refused(raw, good)

    assert "Signature verification failed: incorrect signature" == fault.found
    assert "a signature of exactly these bytes" == fault.expected


@pytest.mark.parametrize("namespace", ["file", "git", f"{NAMESPACE}2"])
def test_a_signature_for_another_purpose_is_refused(namespace, key):
    fault = refused(RAW, sign(key, RAW, namespace))

    assert "namespace does not match" in fault.found
    assert f"-n {NAMESPACE}" in fault.hint


@pytest.mark.parametrize(
    "signed", [b"", b"SHA256:abc", b"-----BEGIN PGP SIGNATURE-----\n", b"\xff\x00", RAW]
)
def test_what_is_no_openssh_signature_is_refused(signed):
    fault = refused(RAW, signed)

    assert "no OpenSSH signature" == fault.found
    assert fault.expected.startswith(WRITTEN)


def test_a_damaged_signature_is_refused_in_words_that_print(good):
    lines = good.splitlines()
    for damaged in (good[:-40], b"\n".join([*lines[:2], lines[2][::-1], *lines[3:]]), lines[0]):
        fault = refused(RAW, damaged)

        assert fault.found.isprintable()
        assert 0 < len(fault.found) <= 100


def test_a_signature_beyond_the_limit_is_not_even_looked_at(good):
    fault = refused(RAW, good + b"\n" * MAX_BYTES)

    assert (f"{len(good) + MAX_BYTES} bytes", f"at most {MAX_BYTES} bytes") == (
        fault.found,
        fault.expected,
    )


def test_a_public_key_is_no_signature(key):
    assert "no OpenSSH signature" == refused(RAW, Path(f"{key}.pub").read_bytes()).found


def test_without_ssh_keygen_the_refusal_says_so(good, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "none: this server has no ssh-keygen to verify it with" == refused(RAW, good).expected


def test_an_ssh_keygen_that_hangs_is_ended(good, monkeypatch, tmp_path):
    install(tmp_path, "#!/bin/sh\nexec sleep 60\n", monkeypatch)
    monkeypatch.setattr(signature, "TIMEOUT_SECONDS", 0.05)

    assert "one that is verified within 0.05 seconds" == refused(RAW, good).expected


def test_an_ssh_keygen_that_cannot_be_run_is_named(good, monkeypatch, tmp_path):
    install(tmp_path, "#!/no/such/shell\n", monkeypatch)

    assert "ssh-keygen cannot be run here" in refused(RAW, good).expected


@pytest.mark.parametrize(
    "script",
    [
        "exit 0",
        "echo 'Good \"file\" signature with ED25519 key SHA256:x'",
        f"""printf 'Good "{NAMESPACE}" signature with X key SHA256:{"a" * 43}\\n'; exit 1""",
    ],
)
def test_only_success_and_a_fingerprint_together_are_good(script, good, monkeypatch, tmp_path):
    install(tmp_path, f"#!/bin/sh\n{script}\n", monkeypatch)

    assert "a signature of exactly these bytes" == refused(RAW, good).expected


def test_nothing_is_left_behind(good, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    verify(RAW, good)
    refused(b"", good)

    assert [] == list(tmp_path.iterdir())


def install(folder, script, monkeypatch):
    """Put another ssh-keygen before the real one."""
    program = folder / "ssh-keygen"
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
