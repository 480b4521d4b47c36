"""Versions of hypervisors: what each intercepts, and the emulation that answers then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.core.emulated import EmulatedApic
from app.core.kernels import Answer, policy_of
from app.core.knowledge import Knowledge
from app.core.releases import Release


@dataclass(frozen=True)
class Version:
    """A version of a hypervisor: ``kvm-6.12``, as its emulated local APIC was measured.

    ``apic`` is None where nobody measured it; ``policy`` is what is known of its intercepts.
    """

    slug: str
    hypervisor: str
    release: str
    apic: EmulatedApic | None
    policy: Answer

    @property
    def name(self) -> str:
        """``KVM 6.12.117``, as it was measured; without that, ``KVM 6.12``."""
        return f"{self.hypervisor} {self.release}" if self.apic else self.short

    @property
    def short(self) -> str:
        """``KVM 6.12``: its name in a narrow column."""
        return f"{self.hypervisor} {self.slug.partition('-')[2]}"


def name_versions(versions: Iterable[Version]) -> str:
    """``KVM 6.12.117 and 7.2.13``: versions by name, each hypervisor once."""
    found: dict[str, list[str]] = {}
    for version in versions:
        found.setdefault(version.hypervisor, []).append(version.name.split(" ", 1)[1])
    return ", ".join(
        f"{hypervisor} {' and '.join((', '.join(names[:-1]), names[-1]) if names[1:] else names)}"
        for hypervisor, names in found.items()
    )


def versions_of(knowledge: Knowledge, apics: Iterable[EmulatedApic]) -> Mapping[str, Version]:
    """Return the versions of which either half is known, oldest first.

    Of several emulations of one series the newest release stands for it, and the one whose guest
    is told to be on AMD's.
    """
    found: dict[str, Version] = {}
    for apic in sorted(apics, key=_newest, reverse=True):
        told = apic.emulation
        release = Release.find(told.release)
        series = f"{release.major}.{release.minor}" if release else told.release
        policy = policy_of(knowledge, told.name.label, told.version)
        version = Version(f"{told.name}-{series}", told.name.label, told.release, apic, policy)
        found.setdefault(version.slug, version)
    for known in knowledge.policies.values():
        version = Version(known.slug, known.hypervisor, "", None, Answer(known))
        found.setdefault(known.slug, version)
    return dict(sorted(found.items(), key=lambda one: _by_release(one[0])))


def _newest(apic: EmulatedApic) -> tuple[bool, Release]:
    told = apic.emulation
    return told.vendor == "AuthenticAMD", Release.to_sort(told.release)


def _by_release(slug: str) -> tuple[str, Release]:
    name, _, release = slug.partition("-")
    return name, Release.to_sort(release)
