"""docs/cli.md is what the commands say of themselves, and each of them says it with an example."""

from collections.abc import Iterator

import click

from rollouts.cli.main import CLIENT, OWN, LazyGroup
from tools.reference import PAGE, page


def _all(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below the group, with its name."""
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _all(command, f"{path} {name}")


def test_the_page_is_current() -> None:
    """`make docs` writes it anew."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_command_has_an_example() -> None:
    """In its --help, where people look first."""
    commands = dict(_all(LazyGroup("sluice", {**CLIENT, **OWN}), "sluice"))

    assert [path for path, command in commands.items() if not getattr(command, "examples", "")] == []


def test_every_option_says_what_it_does() -> None:
    """No flag without its line."""
    commands = dict(_all(LazyGroup("sluice", {**CLIENT, **OWN}), "sluice"))
    options = [(path, option) for path, command in commands.items() for option in command.params]

    assert [path for path, option in options if isinstance(option, click.Option) and not _is_told(option)] == []


def _is_told(option: click.Option) -> bool:
    return bool(option.help) or option.hidden
