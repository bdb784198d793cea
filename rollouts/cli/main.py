"""The console scripts: `sluice`, and the same commands as kubectl plugins `kubectl sluice` and `kubectl argo rollouts`.

Sub-commands live in modules that are imported when they are called for; the tables below hold what help shows of them.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from rollouts.cli.arguments import CobraGroup, UnknownCommand, WrongArguments
from rollouts.cli.flags import first_word, split
from rollouts.cli.session import Session
from rollouts.cli.usage import PLUGIN
from rollouts.model.errors import RolloutsError

Table = Mapping[str, tuple[str, str]]
"""Name of the command to `module:attribute` and its line in help."""

CLIENT: Table = {
    "abort": ("rollouts.cli.actions:abort", "Abort a rollout: all traffic back to the stable version"),
    "analysis": ("rollouts.cli.chart_command:analysis", "Draw what the analyses of a rollout have measured"),
    "backtest": ("rollouts.cli.backtest:backtest", "Try an analysis on recorded metrics before it guards a release"),
    "completion": ("rollouts.cli.completion:completion", "Print what makes a shell complete our commands"),
    "create": ("rollouts.cli.create:create", "Create objects from files, or an AnalysisRun from a template"),
    "dashboard": ("rollouts.cli.later:dashboard", "Serve the dashboard"),
    "diff": ("rollouts.cli.diff:diff", "Show what the new version changes in the stable one"),
    "events": ("rollouts.cli.timeline:events", "Show what happened to a rollout and to all that it owns"),
    "explain": ("rollouts.cli.explain:explain", "Tell what a rollout waits for, what comes next, and what to do"),
    "get": ("rollouts.cli.get:get", "Show a rollout, an experiment or a Canary and all that it owns as a tree"),
    "history": ("rollouts.cli.history:history", "Show the revisions of a rollout and what became of them"),
    "lint": ("rollouts.cli.lint:lint", "Find mistakes in manifests before they are applied"),
    "list": ("rollouts.cli.listing:listing", "List rollouts, experiments or Canaries"),
    "notifications": ("rollouts.cli.later:notifications", "Try out templates and triggers of notifications"),
    "pause": ("rollouts.cli.actions:pause", "Pause a rollout"),
    "promote": ("rollouts.cli.promote:promote", "Go on from a pause, or to the end with --full"),
    "restart": ("rollouts.cli.restart:restart", "Restart the pods of a rollout"),
    "retry": ("rollouts.cli.actions:retry", "Try an aborted rollout, a failed experiment or a failed Canary again"),
    "set": ("rollouts.cli.images:set_", "Set the image of a rollout's container"),
    "status": ("rollouts.cli.status:status", "Tell a rollout's phase, until it is healthy or degraded"),
    "terminate": ("rollouts.cli.actions:terminate", "End an AnalysisRun or an experiment that is running"),
    "undo": ("rollouts.cli.undo:undo", "Go back to an earlier revision"),
    "version": ("rollouts.cli.version:version", "Print the version"),
}
OWN: Table = {
    "controller": ("rollouts.cli.controller:controller", "Run the controller"),
    "demo": ("rollouts.cli.demo:demo", "Play a good and a bad release on an embedded cluster"),
    "load": ("rollouts.cli.load:load", "Send HTTP requests to a service, and tell how it answered"),
    "loadtester": ("rollouts.cli.loadtester:loadtester", "Serve the webhooks of canaries: load, tests and gates"),
    "simulate": ("rollouts.cli.simulate:simulate", "Play a release of your manifests before it happens"),
}
"""Commands with flags of their own: kubectl's persistent ones are not taken out of their lines."""
EXAMPLES = f"""
  # Watch a rollout go its way
  {PLUGIN} get rollout web -w

  # Let it go on from a pause
  {PLUGIN} promote web

  # Take all traffic back to the stable version
  {PLUGIN} abort web
"""


class LazyGroup(CobraGroup):
    """A group whose commands are imported when called."""

    def __init__(self, name: str, table: Table, **named: Any) -> None:
        super().__init__(name, help="Progressive delivery for Kubernetes.", examples=EXAMPLES, **named)
        self.table = table

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command; one that only `sluice` itself has is told from one that nobody has."""
        word = args[0]
        if word in OWN and word not in self.table:
            raise UnknownCommand(f'unknown command "{word}" for "{ctx.command_path}": it is `sluice {word}`', ctx)
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """The names, in order."""
        return sorted(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's
        """The command, imported now."""
        row = self.table.get(cmd_name)
        if row is None:
            return None
        module, _, attribute = row[0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def lines(self, ctx: click.Context) -> Mapping[str, str]:
        """The table's own lines: help imports nothing."""
        return {name: self.table[name][1] for name in self.list_commands(ctx)}


def run(
    words: Sequence[str], *, program: str, table: Table, session: Callable[[Mapping[str, str]], Session] = Session
) -> int:
    """Run one command line and give its exit code; an error is one line on stderr, wrong arguments are the usage."""
    current: Session | None = None
    try:
        if words and words[0] in ("__complete", "__completeNoDesc"):
            from rollouts.cli.complete import answer

            return answer(words, LazyGroup(program, table), session)
        flags, rest = ({}, list(words)) if first_word(words) in OWN else split(words)
        current = session(flags)
        code = LazyGroup(program, table).main(args=rest, prog_name=program, obj=current, standalone_mode=False)
        return code if isinstance(code, int) else 0
    except WrongArguments as error:
        click.echo(error.message, err=True, nl=False)
        return 1
    except click.ClickException as error:
        return _fail(_said(error, program))
    except (click.exceptions.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        return _unread()
    except RolloutsError as error:
        return _fail(_explained(error, current, first_word(words)))


def _explained(error: RolloutsError, session: Session | None, command: str) -> str:
    if session is None:
        return str(error)
    from rollouts.cli.errors import explained

    return explained(error, session, command)


def _said(error: click.ClickException, program: str) -> str:
    """What is wrong, and where to read more if it is the command line."""
    message = error.format_message().rstrip(".")
    if not isinstance(error, click.UsageError) or isinstance(error, UnknownCommand):
        return message if isinstance(error, click.UsageError) else error.format_message()
    if isinstance(error, click.NoSuchOption):
        message = f"unknown flag: {error.option_name}"
    where = error.ctx.command_path if error.ctx else program
    return f"{message} (see `{where} --help`)"


def _fail(message: str) -> int:
    click.echo(f"Error: {' '.join(message.splitlines())}", err=True)
    return 1


def _unread() -> int:
    """Nobody reads on, as after `| head`: no error, and nothing more is written at exit either."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141


def sluice() -> None:
    """`sluice`: everything."""
    sys.exit(run(sys.argv[1:], program="sluice", table={**CLIENT, **OWN}))


def kubectl_sluice() -> None:
    """`kubectl sluice`: what a client does."""
    sys.exit(run(sys.argv[1:], program="kubectl sluice", table=CLIENT))


def kubectl_argo_rollouts() -> None:
    """`kubectl argo rollouts`: the same, under the name that hands know."""
    sys.exit(run(sys.argv[1:], program=PLUGIN, table=CLIENT))


def complete_kubectl_sluice() -> None:
    """`kubectl_complete-sluice`: kubectl runs it where a line `kubectl sluice …` is to be completed."""
    sys.exit(run(["__complete", *sys.argv[1:]], program="kubectl sluice", table=CLIENT))


def complete_kubectl_argo_rollouts() -> None:
    """`kubectl_complete-argo-rollouts`: the same for `kubectl argo rollouts …`."""
    sys.exit(run(["__complete", *sys.argv[1:]], program=PLUGIN, table=CLIENT))
