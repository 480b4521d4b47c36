"""`vapic policy`: what hypervisors assume, alone or two versions side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.database import reading
from app.pages import policies, policy_text


def policy(
    slug: Annotated[str, typer.Argument(help="Policy, as in kvm-7.2; leave out to list.")] = "",
    other: Annotated[str, typer.Argument(help="Another one, to be shown beside it.")] = "",
) -> None:
    """Print what a hypervisor version lets through and assumes.

    With two, what differs between them comes first.
    """
    with reading() as (_, snapshot, place):
        if not slug:
            every = policies.every_policy(snapshot)
            text = policy_text.policies_text(every, snapshot.knowledge, place)
        else:
            asked = policies.BETWEEN.join(name for name in (slug, other) if name)
            view = policies.policy_view(snapshot, asked)
            text = policy_text.policy_text(view, snapshot.knowledge, place)
        typer.echo(text, nl=False)
