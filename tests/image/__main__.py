"""``make image-replay``: the steps of the Dockerfile without an engine, then what it starts.

A root of Debian 12 stands for ``python:3.13-slim`` (its python3 is 3.11), and this machine's npm for
``node:22-slim``; all else is done as written, in a root of its own for each stage. What is started runs
as the image says: without root, on a root that is read-only but for /tmp and /data, with its HEALTHCHECK.
Needs root, debootstrap and a network; nothing outside ``var/image`` is touched.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from app.settings import ROOT
from tests.image.recipe import Stage, read, words

WORK = ROOT / "var" / "image"
BASE = WORK / "base"
PORT = 8000
# What a machine behind a proxy or with an index of its own tells pip, npm and apt.
PASSED = re.compile(r"(PIP|npm|NPM|UV)_|.*(_proxy|_PROXY|CERT|CA_BUNDLE).*")
FOLDERS = [
    folder
    for name, told in os.environ.items() if PASSED.match(name)
    for folder in told.replace("file://", "").split() if Path(folder).is_dir()
]  # fmt: skip
NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs", "/etc/pip.conf", "/etc/xdg/pip",
           "/usr/local/share/ca-certificates", *FOLDERS)  # fmt: skip


def base() -> None:
    """Make the root that stages begin with, once."""
    if (BASE / "made").exists():
        return
    shutil.rmtree(BASE, ignore_errors=True)
    with_ = "python3,python3-venv,ca-certificates"
    command = ["debootstrap", "--variant=minbase", f"--include={with_}", "bookworm", str(BASE)]
    subprocess.run(command, check=True)
    (BASE / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    (BASE / "made").touch()


class Root:
    """The root of one stage, while its steps are done."""

    def __init__(self, stage: Stage, roots: dict[str, "Root"]) -> None:
        self.path = WORK / stage.name
        self.roots = roots
        self.folder, self.env, self.user, self.command, self.health = "/", {}, "0", [], []
        shutil.rmtree(self.path, ignore_errors=True)
        if stage.base.startswith("node:"):
            self.path.mkdir(parents=True)
            return
        if stage.base in roots:
            before = roots[stage.base]
            self.folder, self.env = before.folder, dict(before.env)
        source = roots[stage.base].path if stage.base in roots else BASE
        subprocess.run(["cp", "-a", "--reflink=auto", str(source), str(self.path)], check=True)

    def inside(self, path: str) -> Path:
        """Return where a path of the image is on this machine."""
        return self.path / os.path.normpath(Path(self.folder) / path).lstrip("/")

    def do(self, word: str, rest: str) -> None:
        """Do one step."""
        print(f"{self.path.name}: {word} {rest}"[:150], flush=True)
        match word:
            case "WORKDIR":
                self.folder = rest
                self.inside(".").mkdir(parents=True, exist_ok=True)
            case "COPY":
                self.copy(*words(rest))
            case "RUN":
                self.run(rest)
            case "ENV":
                expanded = (
                    pair.replace("$PATH", "/usr/local/bin:/usr/bin:/bin") for pair in words(rest)
                )
                self.env |= dict(pair.split("=", 1) for pair in expanded)
            case "USER":
                self.user = rest
            case "CMD":
                self.command = words(rest)
            case "HEALTHCHECK":
                self.health = words(rest.partition("CMD ")[2])
            case "VOLUME" | "EXPOSE":
                pass
            case _:
                raise ValueError(f"the Dockerfile has a step that is not replayed: {word}")

    def copy(self, *words_: str) -> None:
        """Copy files of this tree that git knows, or of another stage."""
        stage = next((w.removeprefix("--from=") for w in words_ if w.startswith("--from=")), "")
        *sources, target = (word for word in words_ if not word.startswith("--"))
        place = self.inside(target)
        for source in sources:
            if stage:
                found = self.roots[stage].path / source.lstrip("/")
                place.parent.mkdir(parents=True, exist_ok=True)
                subprocess.run(
                    ["cp", "-a", "--no-target-directory", str(found), str(place)], check=True
                )
                continue
            listed = ["git", "ls-files", "-co", "--exclude-standard", "--", source]
            files = subprocess.run(
                listed, cwd=ROOT, capture_output=True, text=True, check=True
            ).stdout.split()
            assert files, f"{source} is not in this tree"
            for file in files:
                # A folder's content is copied, not the folder.
                name = (
                    os.path.relpath(file, source) if (ROOT / source).is_dir() else Path(file).name
                )
                many = target.endswith("/") or (ROOT / source).is_dir()
                to = place / name if many else place
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / file, to)

    def run(self, line: str) -> None:
        """Run a line of shell as root of this root; npm on this machine."""
        if line.startswith("npm "):
            subprocess.run(["/bin/sh", "-c", line], cwd=self.inside("."), check=True)
            return
        given = {k: v for k, v in os.environ.items() if PASSED.match(k)}
        path = self.env.get("PATH", "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin")
        script = "".join(
            f'mkdir -p "$0{name}" 2>/dev/null; mount --rbind {name} "$0{name}"\n' if Path(name).is_dir()
            else f'cp {name} "$0{name}"\n' for name in NETWORK if Path(name).exists()
        )  # fmt: skip
        script += 'mount -t proc proc "$0/proc"; exec chroot "$0" /bin/sh -c \'cd "$0" && eval "$1"\' "$1" "$2"'
        subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "/bin/sh", "-c", script, str(self.path), self.folder,
             line],
            env={**given, **self.env, "PATH": path, "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}, check=True,
        )  # fmt: skip

    def started(self) -> subprocess.Popen:
        """Start what the image starts, as it is to be run."""
        script = """set -e
            mount --bind "$0" "$0"; mount --bind "$0/data" "$0/data"; mount -t proc proc "$0/proc"
            mount -t tmpfs tmpfs "$0/tmp"; mount -o remount,bind,ro "$0"
            root=$0 user=$1; shift; cd "$root"
            exec /usr/sbin/chroot --userspec="$user:$user" . "$@" """
        env = {**self.env, "VAPIC_BASE_URL": "https://vapic.example.org"}
        command = ["unshare", "--mount", "/bin/sh", "-c", script, str(self.path), self.user]
        inside = f"cd {self.folder}; touch /app/x 2>/dev/null && exit 9; touch /data/x /tmp/x; exec {' '.join(self.command)}"
        return subprocess.Popen([*command, "/bin/sh", "-c", inside], env=env)


def judge(final: Root) -> list[str]:
    """Run what was made; return what is wrong with it."""
    process = final.started()
    user = f"--userspec={final.user}:{final.user}"
    inside = [
        "/usr/sbin/chroot",
        user,
        str(final.path),
        "/bin/sh",
        "-c",
        'exec "$@"',
        "sh",
        *final.health,
    ]
    wrong = []
    try:
        for _ in range(120):
            healthy = subprocess.run(inside, env=final.env, check=False, capture_output=True)
            if healthy.returncode == 0 or process.poll() is not None:
                break
            time.sleep(0.5)
        wrong += (
            [] if healthy.returncode == 0 else [f"its HEALTHCHECK ends in {healthy.returncode}"]
        )
        for path in ("/", "/readyz", "/vapic-probe.pyz", "/static/vendor/htmx.min.js"):
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}") as answer:
                print(f"{answer.status} {path}, {len(answer.read())} bytes")
        owner = Path(f"/proc/{process.pid}").stat().st_uid
        wrong += [] if owner == int(final.user) != 0 else [f"it runs as {owner}"]
    except OSError as error:
        wrong.append(f"{error} ({process.poll()})")
    finally:
        process.terminate()
    wrong += (
        [] if process.wait(20) in (0, -signal.SIGTERM) else [f"it ended in {process.returncode}"]
    )
    return wrong


def main() -> int:
    base()
    roots: dict[str, Root] = {}
    for stage in read((ROOT / "Dockerfile").read_text("utf-8")):
        roots[stage.name] = root = Root(stage, roots)
        for word, rest in stage.steps:
            root.do(word, rest)
    wrong = judge(root)
    print("\n".join(wrong) or "The image runs: without root, on a read-only root, and is healthy.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
