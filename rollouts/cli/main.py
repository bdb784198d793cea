"""The console scripts: `sluice`, and the same commands as kubectl plugins `kubectl sluice` and `kubectl argo rollouts`.

Sub-commands live in modules that are imported when they are called for; the tables below hold what help shows of them.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

import click

from rollouts.cli.arguments import first_word, split
from rollouts.cli.session import Session
from rollouts.model.errors import RolloutsError

Table = Mapping[str, tuple[str, str]]
"""Name of the command to `module:attribute` and its line in help."""

CLIENT: Table = {
    "abort": ("rollouts.cli.actions:abort", "Abort a rollout: all traffic back to the stable version"),
    "get": ("rollouts.cli.get:get", "Show a rollout and all that it owns as a tree"),
    "list": ("rollouts.cli.listing:listing", "List rollouts"),
    "pause": ("rollouts.cli.actions:pause", "Pause a rollout"),
    "promote": ("rollouts.cli.promote:promote", "Go on from a pause, or to the end with --full"),
    "retry": ("rollouts.cli.actions:retry", "Try an aborted rollout again"),
    "status": ("rollouts.cli.status:status", "Tell a rollout's phase, until it is healthy or degraded"),
    "undo": ("rollouts.cli.undo:undo", "Go back to an earlier revision"),
    "version": ("rollouts.cli.version:version", "Print the version"),
}
OWN: Table = {
    "controller": ("rollouts.cli.controller:controller", "Run the controller"),
    "demo": ("rollouts.cli.demo:demo", "Play a good and a bad release on an embedded cluster"),
}
"""Commands with flags of their own: kubectl's persistent ones are not taken out of their lines."""


class LazyGroup(click.Group):
    """A group whose commands are imported when called."""

    def __init__(self, name: str, table: Table) -> None:
        super().__init__(name, help="Progressive delivery for Kubernetes.", no_args_is_help=True)
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """The names, in order."""
        return sorted(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's
        """The command, imported now."""
        row = self._table.get(cmd_name)
        if row is None:
            return None
        module, _, attribute = row[0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table's own lines: help imports nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._table[name][1]) for name in self.list_commands(ctx)])


def run(
    words: Sequence[str], *, program: str, table: Table, session: Callable[[Mapping[str, str]], Session] = Session
) -> int:
    """Run one command line and give its exit code; an error is one line on stderr."""
    try:
        flags, rest = ({}, list(words)) if first_word(words) in OWN else split(words)
        group = LazyGroup(program, table)
        code = group.main(args=rest, prog_name=program, obj=session(flags), standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 1
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else program
        return _fail(f"{error.format_message().rstrip('.')} (see `{where} --help`)")
    except click.ClickException as error:
        return _fail(error.format_message())
    except click.exceptions.Abort:
        return 130
    except RolloutsError as error:
        return _fail(str(error))


def _fail(message: str) -> int:
    click.echo(f"Error: {message}", err=True)
    return 1


def sluice() -> None:
    """`sluice`: everything."""
    sys.exit(run(sys.argv[1:], program="sluice", table={**CLIENT, **OWN}))


def kubectl_sluice() -> None:
    """`kubectl sluice`: what a client does."""
    sys.exit(run(sys.argv[1:], program="kubectl sluice", table=CLIENT))


def kubectl_argo_rollouts() -> None:
    """`kubectl argo rollouts`: the same, under the name that hands know."""
    sys.exit(run(sys.argv[1:], program="kubectl argo rollouts", table=CLIENT))
