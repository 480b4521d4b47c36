"""`vapic policy`: what hypervisors assume, printed, read from source, compared, and checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.database import Opened, reads, seed_offline
from app.cli.groups import meaning
from app.core.facts import Policy, Register
from app.core.knowledge import Knowledge
from app.core.releases import Release
from app.curation.seed import SeedEntry, read_file, read_seed
from app.errors import Conflict, InvalidSeed, NotFound, Problem
from app.foreign.kernel_source.policy_comparing import compare_policies
from app.foreign.kernel_source.policy_reading import Tree, TreeReading
from app.foreign.kernel_source.policy_writing import (
    do_the_same,
    policy_of_tree,
    policy_yaml,
    renew_file,
)
from app.foreign.kernel_source.trap_checking import check_switch
from app.foreign.kernel_source.trap_running import Handler
from app.pages.kinds.policies import BETWEEN
from app.pens.place import NOWHERE
from app.pens.plain import parts_text
from app.settings import Settings


class ExitKind(StrEnum):
    """What an exit 402h is taken for."""

    TRAP = "trap"
    FAULT = "fault"


# A name that is no command is that of a policy.
policies = typer.Typer(cls=meaning("show"))
PolicySide = Annotated[
    str, typer.Argument(help="A kernel tree, a file of a seed, or a policy's slug.")
]
VersionOption = Annotated[
    str, typer.Option("--version", help="The tree's version, if it says none.")
]


@policies.command("show")
@reads
def show(
    opened: Opened,
    slug: Annotated[str, typer.Argument(help="Policy, as in kvm-7.2; leave out to list.")] = "",
    other: Annotated[str, typer.Argument(help="Another one, to be shown beside it.")] = "",
) -> None:
    """Print what a hypervisor version lets through and assumes.

    With two, what differs between them comes first.
    """
    asked = BETWEEN.join(name for name in (slug, other) if name)
    opened.print_page(f"/policy/{asked}")


@policies.command("read")
def read(
    tree: Annotated[Path, typer.Argument(help="A kernel tree, or an unpacked source package.")],
    *,
    version: VersionOption = "",
    source: Annotated[str, typer.Option(help="The seed's source that the tree is.")] = "",
    into: Annotated[
        Path | None, typer.Option("--into", metavar="SEED", help="Renew the policies of a seed.")
    ] = None,
) -> None:
    """Read a policy from a kernel's source, each fact with its file and line.

    What is written in no known form is refused with its place.
    """
    found = Tree(tree, version).read()
    registers = _known(into or Settings().seed).registers.values()
    if into is None:
        typer.echo(policy_yaml(policy_of_tree(found, source), registers), nl=False)
    else:
        typer.echo(_renew(found, source, into / "policies", registers))


@policies.command("diff")
def diff(one: PolicySide, other: PolicySide) -> None:
    """Print what two policies do differently, of trees, of files of the seed, or by their slugs."""
    if one == other:
        raise Conflict(f"{one} is the same policy twice.")
    knowledge = _known(Settings().seed)
    named = {name: _side(name, knowledge) for name in (one, other)}
    typer.echo(parts_text(compare_policies(named, knowledge), NOWHERE), nl=False)


@policies.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="C with a function that tells traps from faults.")],
    *,
    function: Annotated[str, typer.Option("--function", help="Its name, if several do.")] = "",
    true: Annotated[
        ExitKind | None, typer.Option("--true", help="What a bare true is, if no name says it.")
    ] = None,
) -> None:
    """Hold your own switch between traps and faults against the corrected table.

    Ends in 1 where an exit 402h is taken for the other kind.
    """
    snapshot = seed_offline()
    switch = Handler(file, snapshot.knowledge.registers, true or "").find(function)
    section, agrees = check_switch(switch, snapshot.cells, snapshot.knowledge)
    typer.echo(parts_text(section, NOWHERE), nl=False)
    raise typer.Exit(0 if agrees else 1)


def _known(seed: Path) -> Knowledge:
    """Return what a seed says; what its facts say of each other is the linter's part."""
    return Knowledge.of(entry.fact for entry in read_seed(seed))


def _side(name: str, knowledge: Knowledge) -> Policy:
    path = Path(name)
    if path.is_dir():
        return policy_of_tree(Tree(path).read())
    if path.is_file():
        return _in_file(path)
    if name not in knowledge.policies:
        near = tuple(knowledge.policies)
        raise NotFound(f"{name} is no folder, no file and no policy of the seed.", hints=near)
    return knowledge.policies[name]


def _in_file(path: Path) -> Policy:
    """Return the policy that a file of a seed holds. Raises InvalidSeed."""
    found = list(read_file(path, path.name, "policy"))
    if problems := tuple(one for one in found if isinstance(one, Problem)):
        raise InvalidSeed(problems)
    return next(e.fact for e in found if isinstance(e, SeedEntry) and isinstance(e.fact, Policy))


def _renew(read: TreeReading, source: str, folder: Path, registers: Iterable[Register]) -> str:
    """Write a reading into the file of the policy that does the same, or a file of its own."""
    for path in sorted(folder.glob("*.yaml")):
        like = _in_file(path)
        mine = policy_of_tree(read, source, like)
        if like.hypervisor == mine.hypervisor and do_the_same(like, mine):
            kept = {one.version: one for one in (*like.readings, *mine.readings)}
            trees = sorted(kept.values(), key=lambda one: Release.to_sort(one.version))
            whole = replace(mine, readings=tuple(trees))
            path.write_text(renew_file(path.read_text("utf-8"), whole, registers), "utf-8")
            return f"{read.version}: as {path.name} has it"
    mine = policy_of_tree(read, source)
    path = folder / f"{mine.slug}.yaml"
    if path.exists():
        raise Conflict(f"{path} does something else than {read.version}.")
    path.write_text(policy_yaml(mine, registers), "utf-8")
    return f"{read.version}: as no policy has it; wrote {path.name}, which needs its words"
