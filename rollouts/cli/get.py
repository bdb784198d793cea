"""`get rollout NAME`: the tree of a rollout, once or as it changes."""

import click

from rollouts.cli.arguments import CobraCommand
from rollouts.cli.doorbell import Doorbell
from rollouts.cli.info import HASH, World, rollout_info
from rollouts.cli.session import Session
from rollouts.cli.tree import draw
from rollouts.cluster.kinds import ANALYSIS_RUNS, EXPERIMENTS, PODS, REPLICA_SETS, ROLLOUTS
from rollouts.cluster.port import Json, Query

CLEAR = "\x1b[H\x1b[2J\x1b[3J"


@click.group(help="Show a rollout and all that it owns as a tree")
def get() -> None:
    """The group of `get`."""


@get.command("rollout", cls=CobraCommand)
@click.argument("name")
@click.option("-w", "--watch", is_flag=True, help="Draw it again whenever it changes.")
@click.option("--no-color", "no_colour", is_flag=True, help="No colours.")
@click.option("--timeout-seconds", type=int, default=0, help="End the watch after so many seconds (0: never).")
@click.pass_obj
def rollout(session: Session, name: str, watch: bool, no_colour: bool, timeout_seconds: int) -> None:
    """Show the rollout NAME: steps, weights, images, replicas, and the tree of what it owns."""
    is_coloured = session.is_colourful and not no_colour
    world = _gather(session, session.rollout(name))
    if not watch:
        click.echo(draw(rollout_info(world, session.now()), coloured=is_coloured), nl=False, color=is_coloured)
        return
    _follow(session, world, is_coloured=is_coloured, seconds=timeout_seconds or None)


get.add_command(rollout, "rollouts")
get.add_command(rollout, "ro")


def _gather(session: Session, found: Json) -> World:
    return World(
        rollout=found,
        replica_sets=session.all_of(REPLICA_SETS, HASH),
        pods=session.all_of(PODS, HASH),
        experiments=session.all_of(EXPERIMENTS),
        analysis_runs=session.all_of(ANALYSIS_RUNS),
    )


def _follow(session: Session, world: World, *, is_coloured: bool, seconds: float | None) -> None:
    name = world.rollout["metadata"]["name"]
    kinds = ((REPLICA_SETS, HASH), (PODS, HASH), (EXPERIMENTS, ""), (ANALYSIS_RUNS, ""))
    watched = [(session.collection(kind), Query(labels=labels)) for kind, labels in kinds]
    bell = Doorbell(session, [(session.collection(ROLLOUTS), Query(fields=f"metadata.name={name}")), *watched])
    shown = _show(session, world, "", is_coloured)
    try:
        for is_rung in bell.rings(until=seconds):
            if is_rung:
                world = _gather(session, session.rollout(name))
            if is_rung or session.is_terminal():  # in a log, growing ages alone are no news
                shown = _show(session, world, shown, is_coloured)
    finally:
        bell.close()


def _show(session: Session, world: World, shown: str, is_coloured: bool) -> str:
    """Draw the world unless the view is what is shown already; the view."""
    view = draw(rollout_info(world, session.now()), coloured=is_coloured)
    if view != shown:
        click.echo(
            (CLEAR if session.is_terminal() else "") + view, nl=False, color=is_coloured or session.is_terminal()
        )
    return view
