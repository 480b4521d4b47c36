"""What the Dockerfile says, as instructions of its stages."""

import json
import re
import shlex
from dataclasses import dataclass, field


@dataclass
class Stage:
    """One stage: what it begins with, its name, and its instructions in order."""

    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)


def read(text: str) -> list[Stage]:
    """Return the stages of a Dockerfile."""
    bare = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    stages: list[Stage] = []
    for line in re.sub(r"\\\n", " ", bare).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(base, name or "final"))
        elif word:
            stages[-1].steps.append((word, rest.strip()))
    return stages


def words(text: str) -> list[str]:
    """Return an instruction's words: of JSON, or of a shell."""
    return json.loads(text) if text.startswith("[") else shlex.split(text)
