"""What scenes come to, and the scene that has a bit of everything."""

from __future__ import annotations

from app.probing import correlation
from app.probing.correlation import Correlation
from app.probing.probe_document import HostFacts
from tests.probe.scenes import Place, Scene, incomplete, intercepted, noise, unaccelerated

HOST = HostFacts(version="7.2.0", parameters=("kvm_amd.avic=1",), command="vapic probe")
LDR, TPR, ICR, TIMER = ("ldr", 0xD0), ("tpr", 0x80), ("icr", 0x300), ("timer-current", 0x390)
LDR_MSR, VERSION_MSR, ICR_MSR = ("ldr", 0x80D), ("version", 0x803), ("icr", 0x830)


def came_to(scene: Scene, layout: str = "trace-cmd", *, new: bool = True) -> Correlation:
    return correlation.correlate(scene.guest(), scene.trace(layout, new=new))


def only(scene: Scene) -> tuple[object, ...]:
    """The outcome of a scene with one access, its rip, its condition and its note."""
    run = came_to(scene)
    assert ((), (), "") == (run.contradictions, run.unexplained, run.void)
    (result,) = run.results
    return result.outcome, result.seen.place, result.condition, result.seen.note.split(";")[0]


def full_scene() -> Scene:
    """A bit of everything, on two vCPUs."""
    second = Place(thread=2102, cpu=5, vcpu=1)
    scene = Scene().inhibit(0x2).inhibit(0)
    scene.repeated(*TPR, write=True, value=0x20, read_back=0x20, effect=True)
    scene.repeated(*LDR, unaccelerated("after"), write=True, value=1 << 24, read_back=1 << 24)
    scene.repeated(*TIMER, unaccelerated("at"), place=second)
    scene.repeated("isr", 0x110, noise(), noise("nmi"), member=1)
    scene.repeated("unlisted", 0x290, noise("smi"))
    scene.repeated("unlisted", 0x2A0)
    scene.repeated(*ICR, incomplete(1), write=True, value=0x4E5, why="to-halted")
    scene.repeated("apic-base", 0x1B, intercepted(), msr=True)
    return scene


def short_boot() -> Scene:
    """Four accesses, twice each: accelerated, a trap with noise, a fault, an incomplete IPI."""
    second = Place(thread=2102, cpu=5, vcpu=1)
    scene = Scene(repeat=2)
    for rep in range(scene.repeat):
        scene.did(*TPR, write=True, value=0x20, read_back=0x20, effect=True, rep=rep)
        scene.did(
            *LDR, noise(), unaccelerated("after"),
            write=True, value=1 << 24, read_back=1 << 24, rep=rep,
        )  # fmt: skip
        scene.did(*TIMER, unaccelerated("at", word="fault"), place=second, rep=rep)
        scene.did(*ICR, incomplete(1), write=True, value=0x4E5, why="to-halted", rep=rep)
    return scene
