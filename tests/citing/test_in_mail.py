"""Blocks on the way that they are made for: quotes, folds, changelogs, git."""

import os
import shutil
import subprocess
import textwrap

import pytest

from tests.citing.conftest import SITE, VERSION
from tests.citing.test_blocks import RO_WO

BLOCKS = (RO_WO, "/mail", "/r/icr/x2avic/write", "/r/icr", "/d/1", "/d/17")
SIGNED = "Signed-off-by: A Developer <a@example.org>"
NOBODY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", "A Developer"), ("EMAIL", "a@example.org"))
    },
}


def run(*command, stdin="", cwd=None):
    """Return what a program prints."""
    return subprocess.run(
        command, input=stdin, cwd=cwd, env=os.environ | NOBODY, text=True, check=True,
        capture_output=True,
    ).stdout  # fmt: skip


@pytest.fixture(scope="module")
def repositories(tmp_path_factory):
    """Two repositories with one commit in common."""
    one = tmp_path_factory.mktemp("git") / "one"
    run("git", "init", "-q", "-b", "main", one)
    run("git", "commit", "-q", "--allow-empty", "-m", "root", cwd=one)
    shutil.copytree(one, one.with_name("other"))
    return one, one.with_name("other")


@pytest.mark.skipif(not shutil.which("git"), reason="there is no git here")
@pytest.mark.parametrize("address", BLOCKS)
def test_a_changelog_with_a_block_survives_format_patch_and_am(address, repositories, block_of):
    one, other = repositories
    message = f"KVM: SVM: Say what silicon does\n\nAs seen:\n\n{block_of(address)}"
    (one / "file").write_text(address, "utf-8")
    run("git", "add", "file", cwd=one)
    # As after an editor: comments go, and trailers join what git takes for trailers.
    run("git", "commit", "-q", "-s", "--cleanup=strip", "-F", "-", cwd=one, stdin=message)
    patch = run("git", "format-patch", "-1", "--stdout", cwd=one)
    run("git", "am", "-q", cwd=other, stdin=patch)
    kept = run("git", "log", "-1", "--format=%B", cwd=other)

    assert f"{message}\n{SIGNED}\n\n" == kept
    assert f"{SIGNED}\n" == run("git", "interpret-trailers", "--parse", cwd=one, stdin=kept)
    assert message.rstrip("\n") in patch


@pytest.mark.parametrize("address", BLOCKS)
def test_folding_at_75_columns_changes_nothing_even_when_quoted(address, block_of):
    text = block_of(address)
    quoted = textwrap.indent(text, "> ", lambda _: True)

    for mail in (text, quoted):
        assert mail == run("fold", "-w", "75", stdin=mail)
    assert text == "".join(line[2:] for line in quoted.splitlines(keepends=True))
    assert max(map(len, textwrap.indent(text, "> > ").splitlines())) <= 76


def test_a_link_that_is_too_long_to_fold_stands_whole_on_its_own_line(block_of):
    rows = "ldr/x2avic/write,eoi/x2avic/write,id/x2avic/write,version/x2avic/write"
    last = block_of(f"/mail?rows={rows}").splitlines()[-1]

    assert last.startswith(f"{SITE}/mail?rows=id/x2avic/write,")
    assert last.endswith(f"&at={VERSION}")
