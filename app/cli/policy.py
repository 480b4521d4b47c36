"""`vapic policy`: what hypervisors assume, alone or two versions side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.database import print_page
from app.pages.kinds.policies import BETWEEN


def policy(
    slug: Annotated[str, typer.Argument(help="Policy, as in kvm-7.2; leave out to list.")] = "",
    other: Annotated[str, typer.Argument(help="Another one, to be shown beside it.")] = "",
) -> None:
    """Print what a hypervisor version lets through and assumes.

    With two, what differs between them comes first.
    """
    asked = BETWEEN.join(name for name in (slug, other) if name)
    print_page(f"/policy/{asked}")
