"""A mirror as a git repository: written, cloned, asked without the site, and spoilt."""

import io
import os
import shutil
import subprocess
import tarfile
import zlib

import pytest

from app.cli.main import command_line
from app.export.git.program import OURS
from tests.running import FIRST, SITE, client_of

# The version in which the first measurement of the database counts; the one before has the same
# cells as the seed.
LAST = "2026-11-23.2"
CELL = "r/ldr/x2avic/write"
FILE = f"{CELL}.txt"
NOWHERE = "sqlite:////nonexistent/vapic.db"
pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="there is no git")


def git(folder, *args):
    """What git prints in a folder, as somebody calls it."""
    words = ("git", "-C", folder, "-c", "user.name=A", "-c", "user.email=a@b.example", *args)
    done = subprocess.run(words, check=True, capture_output=True, env=os.environ | OURS)
    return done.stdout


def export(url, *args):
    """Run ``vapic export git`` over a database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", url)
        command_line("export")(["export", "git", *map(str, args)], standalone_mode=False)


@pytest.fixture(scope="module")
def made(lived, tmp_path_factory):
    """A mirror of the database's first three versions."""
    folder = tmp_path_factory.mktemp("mirror") / "made"
    export(lived.url, folder, "--at", LAST)
    return folder


@pytest.fixture(scope="module")
def clone(made):
    """A clone of it, which nothing may change."""
    git(made.parent, "clone", "--quiet", "made", "clone")
    return made.parent / "clone"


@pytest.fixture
def own(clone, tmp_path):
    """A clone that a test may spoil."""
    return shutil.copytree(clone, tmp_path / "own")


@pytest.fixture
def asked(vapic, monkeypatch):
    """The command line where there is neither a site nor a database."""
    monkeypatch.setenv("DATABASE_URL", NOWHERE)
    return vapic


@pytest.fixture
def owner(vapic, monkeypatch, lived):
    """The command line of whoever has the database."""
    monkeypatch.setenv("DATABASE_URL", lived.url)
    return vapic


def files_of(folder, version):
    """Every file of a version, as git hands them out."""
    with tarfile.open(fileobj=io.BytesIO(git(folder, "archive", version))) as tar:
        members = [member for member in tar if member.isfile()]
        return {m.name: tar.extractfile(m).read().decode() for m in members}


@pytest.mark.parametrize("version", [FIRST, LAST])
def test_every_cell_of_a_version_is_what_the_site_answers(version, lived, clone):
    held = {p: text for p, text in files_of(clone, version).items() if p.count("/") == 3}
    with client_of(lived.url) as client:
        said = {path: client.get(f"/{path}?at={version}").text for path in held}
        cells = client.get("/api/v1/cells").json()["cells"]

    assert said == held
    assert len(held) == len(cells)


def test_again_it_adds_what_is_new_and_equal_data_have_equal_hashes(lived, made, tmp_path, capsys):
    again, second = tmp_path / "again", "2026-11-23.1"
    for version in (FIRST, second, second):
        export(lived.url, again, "--at", version)
    said = [line.partition(" versions; " if "versions" in line else " version; ")[2]
            for line in capsys.readouterr().out.splitlines()]  # fmt: skip

    assert [f"added {FIRST}", f"added {second}", "nothing is new"] == said
    assert git(again, "show-ref", "--tags") == b"".join(
        git(made, "show-ref", "--tags").splitlines(keepends=True)[:2]
    )
    assert git(again, "rev-parse", "HEAD") == git(made, "rev-parse", f"{LAST}^{{commit}}^")
    assert not git(again, "status", "--porcelain")


def test_a_clone_shows_a_cell_by_any_name_and_says_what_it_has_not(asked, clone):
    ran = asked("show", "--git", clone, "--at", "2026-11-22", "APIC_LDR/x2avic/write")
    register = asked("show", "--git", clone, "ldr")
    unknown = asked("show", "--git", clone, "--at", "2020-01-01", "ldr/avic/read")

    assert (0, files_of(clone, FIRST)[FILE]) == (ran.code, ran.out)
    assert "A clone holds cells alone" in register.err
    assert f"no data version '2020-01-01'; {LAST} is its newest" in unknown.err


def test_a_clone_judges_a_mail_as_the_site_does(owner, monkeypatch, clone, tmp_path):
    then = files_of(clone, FIRST)
    edited = then["r/icr/avic/write/mail.txt"].replace("x2AVIC", "AVIC").replace("AVIC", "AVIQ")
    mail = tmp_path / "mail"
    mail.write_text(
        f"{then[CELL + '/mail.txt']}\n{edited}\n> {SITE}/r/0x830/avic/read {SITE}/nope\n"
        f"{SITE}/r/zzz/avic/read {SITE}/r/ldr/avic/both?at={LAST}\n"
    )
    site = owner("check-mail", mail, "--at", LAST)
    monkeypatch.setenv("DATABASE_URL", NOWHERE)
    there = owner("check-mail", "--git", clone, mail)
    mail.write_text(f"{SITE}/d/1?at={FIRST}\n{SITE}/r/ldr\n")
    elsewhere = owner("check-mail", "--git", clone, mail)

    assert (1, 1) == (site.code, there.code)
    assert "page changed since" in site.out
    assert "never said that" in site.out
    assert site.out == there.out
    assert (0, 2) == (elsewhere.code, elsewhere.out.count("Not in this clone"))


def committed(own):
    """Commit a change and move the tag to it, as somebody might who rewrites history."""
    changed(own)
    git(own, "commit", "--quiet", "--all", "--message=x")


def changed(own, file=FILE):
    path = own / file
    path.write_bytes(path.read_bytes().replace(b"Where", b"where", 1))


def retagged(own):
    committed(own)
    git(own, "tag", "--force", LAST)


def rewritten(own):
    """A changed commit under a tag that says what the old one said."""
    committed(own)
    told = git(own, "tag", "--list", "--format=%(contents)", LAST).decode()
    git(own, "tag", "--force", "--annotate", f"--message={told}", LAST)


def corrupted(own):
    """A blob of an old version that holds other bytes under the same hash."""
    pack = next((own / ".git/objects/pack").glob("*.pack"))
    aside = pack.rename(own / "aside")
    with aside.open("rb") as file:
        subprocess.run(["git", "-C", own, "unpack-objects", "-q"], stdin=file, check=True)
    name = git(own, "rev-parse", f"{FIRST}:{FILE}").decode().strip()
    data = git(own, "cat-file", "blob", name).replace(b"Where", b"where", 1)
    loose = own / ".git/objects" / name[:2] / name[2:]
    loose.chmod(0o600)
    loose.write_bytes(zlib.compress(f"blob {len(data)}\0".encode() + data))


@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (changed, f"{FILE}:8:1: found 'where           WRMSR 80Dh', expected 'Where "),
        (lambda own: (own / FILE).unlink(), f"{FILE}: found no such file"),
        (committed, f"{FILE}:8:1: found 'where"),
        (retagged, f"{LAST}: found a commit, expected a tag"),
        (rewritten, f"{LAST}:{FILE}: found other bytes than SHA256SUMS lists"),
        (corrupted, f"{FIRST}:{FILE}: found an object that is gone or has another hash"),
        (lambda own: git(own, "tag", "--force", FIRST, LAST), f"tag {FIRST}: found a tag of"),
    ],
    ids=["tree", "gone", "committed", "retagged", "rewritten", "corrupted", "moved"],
)
def test_a_changed_byte_is_refused_with_its_place(spoil, place, asked, own):
    spoil(own)
    ran = asked("verify", "--git", own)

    assert 1 == ran.code
    assert place in ran.err


def test_nothing_is_added_to_what_is_not_the_mirror_that_was_made(
    owner, own, tmp_path, monkeypatch
):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    other = owner("export", "git", tmp_path / "other")
    monkeypatch.setenv("VAPIC_BASE_URL", "https://vapic.example")
    moved = owner("export", "git", own)
    changed(own)
    spoilt = owner("export", "git", own)
    older = owner("export", "git", own, "--at", FIRST)

    assert "holds something else" in other.err
    assert f'{LAST}:index.json:5:15: found \' "site": "{SITE}",' in moved.err
    assert f"{own}/{FILE}:8:1: found" in spoilt.err
    assert 1 == older.code
    assert f"{LAST}\n" == git(own, "describe").decode()


@pytest.mark.skipif(not shutil.which("ssh-keygen"), reason="there is no ssh-keygen")
def test_a_key_signs_what_is_made_and_a_clone_is_held_against_it(lived, made, tmp_path, asked):
    keys, allowed = [tmp_path / "key", tmp_path / "other"], tmp_path / "allowed"
    for key in keys:
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    signed = tmp_path / "signed"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=other", "signed")
    export(lived.url, signed, "--at", FIRST, "--sign-key", keys[0])
    ssh = ("-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={allowed}")
    codes = []
    for key in keys:
        allowed.write_text(f"site {key.with_suffix('.pub').read_text()}")
        codes.append(asked("verify", "--git", signed, "--allowed-signers", allowed).code)
        if key is keys[0]:
            git(signed, *ssh, "verify-commit", "HEAD")
    unsigned = asked("verify", "--git", made, "--allowed-signers", allowed)

    assert [0, 1] == codes
    assert "found no signature of an allowed key" in unsigned.err
    assert git(made, "rev-parse", f"{FIRST}^{{tree}}") == git(signed, "rev-parse", "HEAD^{tree}")


def test_without_git_it_says_what_to_install(asked, clone, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "There is no git: install it (apt install git)" in asked("verify", "--git", clone).err
