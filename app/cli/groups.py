"""Groups of commands in which one is meant where none is named."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


def meaning(default: str) -> type[TyperGroup]:
    """Return a kind of group that gives a command what names none: ``vapic policy kvm-7.2``."""

    class Group(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            known = bool(args) and (args[0] in self.commands or args[0] == "--help")
            return super().parse_args(ctx, args if known else [default, *args])

    return Group
