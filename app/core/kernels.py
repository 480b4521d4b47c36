"""Which policy a hypervisor has, by the release that it names, and what nobody knows of it.

A change of its main line may be taken back to a stable branch at any release of it. So what holds
for a release of the main line holds for its stable branch only where the policy is the last one on
record; elsewhere a branch that no policy names is not known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from app.core.facts import Policy, PolicyRange
from app.core.knowledge import Knowledge
from app.core.releases import FINAL, Release

NOT_KNOWN = "not known"
# The numbers of Linux are those of KVM, which is a part of it.
_NAMED = re.compile(r"(?:(?P<of>[a-z]{2,})[ _-]?)?(?P<release>v?\d+\.\d+\S*)", re.IGNORECASE)
_LINUX = ("", "linux", "kernel")


@dataclass(frozen=True)
class Answer:
    """The policy of a release; without one it is not known, for ``reason``."""

    policy: Policy | None
    reason: str = ""

    def __str__(self) -> str:
        return self.policy.slug if self.policy else f"{NOT_KNOWN}: {self.reason}"


def policy_of(knowledge: Knowledge, hypervisor: str, release: str) -> Answer:
    """Return the policy of a hypervisor's release.

    Both are texts that name it, ``KVM`` and ``6.12.30-1-amd64`` or ``Linux KVM 7.2.0-rc1``
    twice. What a distribution added to a stable release is not looked at.
    """
    # Behind the first number other programs may be named.
    name = re.split(r"\d", hypervisor, maxsplit=1)[0]
    named = [mine for known, mine in knowledge.hypervisors.items() if _names(known, name)]
    if not named:
        return Answer(None, "no policy of this hypervisor is on record")
    if len(named) > 1:
        return Answer(None, "more than one hypervisor is named")
    if _names("qemu", name):
        return Answer(None, "beside QEMU the version may be QEMU's own")
    found = Release.find(release)
    if found is None:
        return Answer(None, "no release is named")
    return _look_up([(p, r) for p in named[0] for r in p.ranges], found)


@dataclass(frozen=True)
class Covering:
    """A release, or a series, that a text names, and what covers it: ranges of policies.

    ``unknown`` is why none does, or what of a series nobody knows.
    """

    hypervisor: str
    release: Release
    held: tuple[tuple[Policy, PolicyRange], ...]
    unknown: str

    @property
    def slug(self) -> str:
        """``kvm-6.12.117``."""
        return f"{self.hypervisor.lower()}-{self.release}"

    @property
    def name(self) -> str:
        """``KVM 6.12.117``."""
        return f"{self.hypervisor} {self.release}"


def find_covering(knowledge: Knowledge, text: str) -> Covering | None:
    """Return what covers the release in ``kvm-6.12``, ``v6.12.117`` or ``Linux 7.2``.

    None for a text that is more than that, or names no hypervisor with a policy.
    """
    match = _NAMED.fullmatch(text.strip())
    found = Release.find(match["release"]) if match else None
    # Behind a series stands `.y` alone: a number too large, or a second release, is something else.
    if not match or not found or re.match(r"\.(?!y$)", found.suffix):
        return None
    asked = (match["of"] or "").lower()
    asked = "kvm" if asked in _LINUX else asked
    name = next((name for name in knowledge.hypervisors if name.lower() == asked), "")
    if not name:
        return None
    every = [(p, r) for p in knowledge.hypervisors[name] for r in p.ranges]
    own = _look_up(every, found)
    held = tuple(
        (p, r) for p, r in every if r.holds(found) or (found.bare and r.branch == found.branch)
    )
    if not found.bare:
        return Covering(name, found, held if own.policy else (), own.reason)
    # Of a series the last release of its branch is what may not be known.
    last = _look_up(every, replace(found, patch=FINAL, bare=False))
    return Covering(name, found, held, last.reason if held else own.reason)


def _names(name: str, text: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE) is not None


def _look_up(ranges: list[tuple[Policy, PolicyRange]], found: Release) -> Answer:
    main = [(p, r) for p, r in ranges if r.main]
    if main and all(found < r.begins for _, r in main):
        return Answer(None, f"no policy on record reaches back to {found}")
    held = [(p, r) for p, r in ranges if r.branch == found.branch] if found.patch else main
    if found.patch and not held:
        began = next((p for p, r in main if found.start in r and not r.last), None)
        return Answer(began, "" if began else f"nobody looked at {found.branch}")
    policy, range_ = next(((p, r) for p, r in held if found in r), (None, None))
    if policy is None or range_ is None:
        ended = next((r for p, r in held if found.branch in p.not_known), None)
        unsaid = f"no source says on which side of a change {found} is"
        return Answer(
            None, f"nobody looked at {found.branch} {releases_behind(ended)}" if ended else unsaid
        )
    if range_.last and found.bare:
        return Answer(None, f"{found} may be any release of {found.branch}")
    if range_.last and found.behind:
        return Answer(None, f"what was added behind {found} is not stated")
    return Answer(policy)


def releases_behind(range_: PolicyRange) -> str:
    """``after 6.12.117``: what of a branch is not known where a range of it is."""
    return f"after {range_.last}"


def unknown_branches(knowledge: Knowledge, hypervisor: str) -> str:
    """Say in words which stable branches are not known; empty where all follow the main line."""
    mine = knowledge.hypervisors[hypervisor]
    closed = [r for p in mine for r in p.ranges if r.main and r.last]
    if not closed:
        return ""
    first = min(r.begins for r in closed)
    last = max(Release.parse(r.last) for r in closed)
    ends = {
        r.branch: f"{r.branch} {releases_behind(r)}" for p in mine for r in p.ranges if not r.main
    }
    names = [ends.get(branch, branch) for p in mine for branch in p.not_known]
    rest = f"every stable branch from {first.branch} to {last.branch} that is not named"
    return ", ".join((*names, f"and {rest}")) if names else rest
