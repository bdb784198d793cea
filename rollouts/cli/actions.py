"""`abort`, `pause` and `retry rollout`: one request each."""

import click

from rollouts.cli.arguments import CobraCommand
from rollouts.cli.session import Session
from rollouts.cli.writing import patch_spec, patch_status


@click.command("abort", cls=CobraCommand)
@click.argument("names", nargs=-1, required=True)
@click.pass_obj
def abort(session: Session, names: tuple[str, ...]) -> None:
    """Abort the rollouts NAMES: all traffic goes back to the stable version."""
    for name in names:
        patch_status(session, name, {"abort": True})
        click.echo(f"rollout '{name}' aborted")


@click.command("pause", cls=CobraCommand)
@click.argument("names", nargs=-1, required=True)
@click.pass_obj
def pause(session: Session, names: tuple[str, ...]) -> None:
    """Pause the rollouts NAMES where they are; `promote` goes on."""
    for name in names:
        patch_spec(session, name, {"paused": True})
        click.echo(f"rollout '{name}' paused")


@click.group("retry", help="Try an aborted rollout again")
def retry() -> None:
    """The group of `retry`."""


@retry.command("rollout", cls=CobraCommand)
@click.argument("names", nargs=-1, required=True)
@click.pass_obj
def retry_rollout(session: Session, names: tuple[str, ...]) -> None:
    """Let the aborted rollouts NAMES begin again at their first step."""
    for name in names:
        patch_status(session, name, {"abort": False})
        click.echo(f"rollout '{name}' retried")


retry.add_command(retry_rollout, "rollouts")
retry.add_command(retry_rollout, "ro")
