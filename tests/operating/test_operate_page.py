"""What docs/operate.md says to do can be done: as far as this machine has the programs."""

import getpass
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from app.core.words import TokenScope
from app.settings import ROOT, Settings
from app.web.docs import setting_lines

PAGE = (ROOT / "docs" / "operate.md").read_text("utf-8")
BLOCKS = re.findall(r"^```([^\n]+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
VAPIC = Path(sys.executable).with_name("vapic")
RUN = [code for kind, code in BLOCKS if kind == "sh"]
ROOTS = [code for kind, code in BLOCKS if kind == "sh root"]


def block(kind):
    """Return the one block of a kind."""
    (found,) = (code for name, code in BLOCKS if name == kind)
    return found


def ran(*command, **options):
    """Return what a program said; it must have succeeded."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout + done.stderr


def program(name):
    """Return a program, or skip the test where there is none."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") or pytest.skip(f"no {name}")


def test_every_block_is_of_a_kind_that_is_checked():
    kinds = {"sh", "sh root", "sh vapic.env", "ini vapic.service", "nginx", "caddyfile"}
    assert kinds >= {kind for kind, _ in BLOCKS}
    assert {"sh root", "nginx", "caddyfile"} <= {kind for kind, _ in BLOCKS}


@pytest.mark.parametrize("code", ROOTS)
def test_what_root_does_is_a_shell_script_and_names_what_there_is(code):
    assert "" == ran("sh", "-n", input=code)
    for target in re.findall(r"^make (.*)$", code, re.MULTILINE):
        assert "No rule" not in ran("make", "--dry-run", *target.split(), cwd=ROOT)
    for line in re.findall(r"/vapic (\w+(?: [a-z]+)?)", code):
        told = ran(VAPIC, *line.split(), "--help")
        assert f"Usage: vapic {line} [OPTIONS]" in told


def test_a_token_is_made_of_a_scope_that_there_is():
    assert ["review"] == [TokenScope(word).value for word in re.findall(r"--scope (\w+)", PAGE)]


def test_the_shell_blocks_run(tmp_path, database_url):
    script = "\n".join(["set -eu", f"cd {tmp_path}", *RUN])
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    told = ran("sh", input=script, env={"PATH": path, "DATABASE_URL": database_url})

    assert "vapic-backup.db: OK" in told
    assert (tmp_path / "vapic-backup.db").stat().st_size


def test_each_setting_of_the_example_is_one_and_is_taken():
    pairs = dict(line.split("=", 1) for line in block("sh vapic.env").splitlines())
    variables = {name for name, _, _ in setting_lines()}

    assert [] == sorted(pairs.keys() - variables)
    names = {name.removeprefix("VAPIC_").lower(): value for name, value in pairs.items()}
    assert TypeAdapter(Settings).validate_python(names).trusted_proxy


def test_systemd_reads_the_unit_and_finds_it_hardened(tmp_path):
    analyze = program("systemd-analyze")
    unit = block("ini vapic.service")
    command = re.search(r"ExecStart=(\S+)", unit)[1]
    file = tmp_path / "vapic.service"
    # The user and the program are there only where it was installed.
    file.write_text(
        unit.replace(command, "/bin/true").replace("User=vapic", f"User={getpass.getuser()}")
    )

    assert "vapic.service" not in ran(analyze, "verify", "--man=no", str(file))
    ran(analyze, "security", "--offline=yes", "--threshold=20", str(file))


def test_nginx_reads_its_example(tmp_path):
    nginx, openssl = program("nginx"), program("openssl")
    key, chain = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    ran(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=vapic",
        "-keyout", str(key), "-out", str(chain))  # fmt: skip
    code = block("nginx").replace("/etc/letsencrypt/live/vapic.example.org", str(tmp_path))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = " ".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in kinds)
    http = f"access_log off; {folders} {code}"
    whole = f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ {http} }}"
    (tmp_path / "nginx.conf").write_text(whole)

    assert "warn" not in ran(nginx, "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"))


def test_caddy_reads_its_example(tmp_path):
    caddy = program("caddy")
    (tmp_path / "Caddyfile").write_text(block("caddyfile"))

    said = ran(caddy, "validate", "--adapter", "caddyfile", "--config", str(tmp_path / "Caddyfile"),
               env={"HOME": str(tmp_path)})  # fmt: skip
    assert "Valid configuration" in said
    assert '"level":"warn"' not in said
