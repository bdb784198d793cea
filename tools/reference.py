"""`python -m tools.reference`: writes docs/cli.md from the commands themselves. Called by `make docs` and its test."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from rollouts.cli.arguments import CobraGroup
from rollouts.cli.flags import PERSISTENT
from rollouts.cli.main import CLIENT, OWN, LazyGroup
from rollouts.cli.usage import PLUGIN, usage

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
HEAD = f"""# The command line

Written by `make docs` from the commands; a test holds it to them.

`sluice`, `kubectl sluice` and `{PLUGIN}` are the same client: whatever stands below under one
name goes under the others too. `sluice` has a few commands more, at the end. Names of rollouts, namespaces, flags and
revisions are completed (`completion`), behind `kubectl` as well.

What is asked for goes to stdout, what went wrong to stderr in one line. Exit codes: 0, or 1 for an error, for `status`
of a degraded rollout and for one that is waited for too long; 130 after Ctrl-C. Wrong arguments are answered with the
usage.

Colours are for terminals, unless `--no-color` or the variable NO_COLOR says otherwise. `-w` draws over the former view
on a terminal and prints view after view elsewhere; a lost connection is told, and mended as soon as the server answers.
"""


def page() -> str:
    """The whole page."""
    client = LazyGroup(PLUGIN, CLIENT)
    own = LazyGroup("sluice", OWN)
    parts = [
        HEAD,
        *_commands(client, PLUGIN),
        "## Flags of kubectl\n\nEvery command above takes them, wherever they stand.\n",
    ]
    parts += [_persistent(), "## Of sluice alone\n", *_commands(own, "sluice")]
    return "\n".join(parts)


def _commands(group: LazyGroup, program: str) -> Iterator[str]:
    root = click.Context(group, info_name=program)
    for name in group.list_commands(root):
        command = group.get_command(root, name)
        if command is not None:
            yield from _command(command, name, root, 2)


def _command(command: click.Command, name: str, parent: click.Context, level: int) -> Iterator[str]:
    ctx = click.Context(command, info_name=name, parent=parent)
    children = command if isinstance(command, click.Group) else None
    lines = children.lines(ctx) if isinstance(children, CobraGroup) else {}
    text = usage(ctx, getattr(command, "examples", ""), lines).partition("\n\nGlobal Flags:")[0]
    about = inspect.cleandoc(command.help or "")
    yield f"{'#' * level} {ctx.command_path}\n\n{about}\n\n```text\n{text.expandtabs(2).rstrip()}\n```\n"
    if children is not None:
        for child in children.list_commands(ctx):
            found = children.get_command(ctx, child)
            if found is not None and not found.hidden:
                yield from _command(found, child, ctx, level + 1)


def _persistent() -> str:
    rows = [f"| `{f'-{flag.letter}, ' if flag.letter else ''}--{flag.name}` | {flag.help} |" for flag in PERSISTENT]
    return "\n".join(["| flag | |", "|---|---|", *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
