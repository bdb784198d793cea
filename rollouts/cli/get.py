"""`get rollout NAME`, `get experiment NAME`, `get canary NAME`: the tree of what it owns, once or as it changes."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from rollouts.cli.arguments import CobraCommand, KindGroup
from rollouts.cli.experiments import experiment_info
from rollouts.cli.info import HASH, World, rollout_info
from rollouts.cli.session import CommandError, Session
from rollouts.cli.tree import draw, draw_overview
from rollouts.cluster.kinds import ANALYSIS_RUNS, CANARIES, EXPERIMENTS, PODS, REPLICA_SETS, ROLLOUTS
from rollouts.cluster.port import Json, Query, Resource

if TYPE_CHECKING:
    from rollouts.cli.mirror import Mirror
    from rollouts.cli.screen import Screen

OF_ROLLOUT = ((REPLICA_SETS, HASH), (PODS, HASH), (EXPERIMENTS, ""), (ANALYSIS_RUNS, ""))
OF_EXPERIMENT = ((REPLICA_SETS, ""), (PODS, ""), (ANALYSIS_RUNS, ""))
FORMATS = "Not the tree: json, yaml, name, wide or jsonpath=TEMPLATE."
Owned = Sequence[tuple[Resource, str]]
All = Callable[[Resource, str], Sequence[Json]]
Draw = Callable[[Json, All], str]


@click.group(
    "get",
    cls=KindGroup,
    use="<rollout|experiment|canary> RESOURCE_NAME",
    examples="""
  # Get a rollout and watch its progress
  kubectl argo rollouts get rollout guestbook -w

  # Get an experiment
  kubectl argo rollouts get experiment my-experiment

  # Get a Canary and watch its progress
  kubectl argo rollouts get canary podinfo -w
""",
)
def get() -> None:
    """Show a rollout, an experiment or a Canary and all that it owns as a tree."""


@get.command(
    "rollout",
    cls=CobraCommand,
    use="ROLLOUT_NAME",
    aliases=("ro", "rollouts"),
    examples="""
  # Get a rollout
  kubectl argo rollouts get rollout guestbook

  # Watch progress of a rollout
  kubectl argo rollouts get rollout guestbook -w

  # Watch it for no longer than a minute
  kubectl argo rollouts get rollout guestbook -w --timeout-seconds 60

  # Get the object itself, or a field of it
  kubectl argo rollouts get rollout guestbook -o yaml
  kubectl argo rollouts get rollout guestbook -o jsonpath='{.status.phase}'
""",
)
@click.argument("name")
@click.option("-w", "--watch", is_flag=True, help="Draw it again whenever it changes.")
@click.option("--no-color", "no_colour", is_flag=True, help="No colours.")
@click.option("--timeout-seconds", type=int, default=0, help="End the watch after so many seconds (0: never).")
@click.option("-o", "--output", default="", metavar="format", help=FORMATS)
@click.pass_obj
def rollout(session: Session, name: str, watch: bool, no_colour: bool, timeout_seconds: int, output: str) -> None:
    """Show a rollout: steps, weights, images, replicas, and the tree of what it owns.

    ⟳ Rollout, # revision, ⧉ ReplicaSet, □ Pod, ⊞ Job, Σ Experiment, α AnalysisRun.
    """
    if output:
        from rollouts.cli.formats import printed

        click.echo(printed(output, session.rollout(name), ROLLOUTS, session.now()), nl=False)
        return
    is_coloured = session.is_colourful and not no_colour

    def view(found: Json, all_of: All) -> str:
        return draw(rollout_info(_world(found, OF_ROLLOUT, all_of), session.now()), coloured=is_coloured)

    View(session, ROLLOUTS, OF_ROLLOUT, view).show(name, watch=watch, seconds=timeout_seconds or None)


@get.command(
    "experiment",
    cls=CobraCommand,
    use="EXPERIMENT_NAME",
    aliases=("exp", "experiments"),
    examples="""
  # Get an experiment
  kubectl argo rollouts get experiment my-experiment

  # Watch progress of an experiment
  kubectl argo rollouts get experiment my-experiment -w
""",
)
@click.argument("name")
@click.option("-w", "--watch", is_flag=True, help="Draw it again whenever it changes.")
@click.option("--no-color", "no_colour", is_flag=True, help="No colours.")
@click.option("--timeout-seconds", type=int, default=0, help="End the watch after so many seconds (0: never).")
@click.pass_obj
def experiment(session: Session, name: str, watch: bool, no_colour: bool, timeout_seconds: int) -> None:
    """Show an experiment: images, and the tree of its ReplicaSets and AnalysisRuns."""
    is_coloured = session.is_colourful and not no_colour

    def view(found: Json, all_of: All) -> str:
        info = experiment_info(found, _world({}, OF_EXPERIMENT, all_of), session.now())
        return draw_overview(info, coloured=is_coloured)

    View(session, EXPERIMENTS, OF_EXPERIMENT, view).show(name, watch=watch, seconds=timeout_seconds or None)


@get.command(
    "canary",
    cls=CobraCommand,
    use="CANARY_NAME",
    aliases=("canaries",),
    examples="""
  # Get a Canary: phase, weight, checks, and the pods of primary and target
  kubectl argo rollouts get canary podinfo

  # Watch progress of a Canary
  kubectl argo rollouts get canary podinfo -w
""",
)
@click.argument("name")
@click.option("-w", "--watch", is_flag=True, help="Draw it again whenever it changes.")
@click.option("--no-color", "no_colour", is_flag=True, help="No colours.")
@click.option("--timeout-seconds", type=int, default=0, help="End the watch after so many seconds (0: never).")
@click.option(
    "-o", "--output", default="", metavar="format", help="Not the tree: json, yaml, name or jsonpath=TEMPLATE."
)
@click.pass_obj
def canary(session: Session, name: str, watch: bool, no_colour: bool, timeout_seconds: int, output: str) -> None:
    """Show a Canary: phase, weight, webhooks, metrics, images, and the pods of its primary and its target.

    ⟳ Canary, ⧉ workload, □ Pod.
    """
    from rollouts.cli.canaries.found import found
    from rollouts.cli.canaries.picture import overview, owned_kinds, world

    manifest = session.look(CANARIES, name)
    if output == "wide":
        raise CommandError("a Canary has no wide form: `kubectl get canary -o wide` has its columns")
    if output:
        from rollouts.cli.formats import printed

        click.echo(printed(output, manifest, CANARIES, session.now()), nl=False)
        return
    is_coloured = session.is_colourful and not no_colour
    owned = owned_kinds(found(session, manifest))

    def view(now: Json, all_of: All) -> str:
        around = world({kind: all_of(kind, labels) for kind, labels in owned})
        return draw_overview(overview(found(session, now), around, session.now()), coloured=is_coloured)

    View(session, CANARIES, owned, view).show(name, watch=watch, seconds=timeout_seconds or None)


def _world(rollout: Json, owned: Owned, all_of: All) -> World:
    found = {kind: all_of(kind, labels) for kind, labels in owned}
    return World(
        rollout=rollout,
        replica_sets=found.get(REPLICA_SETS, ()),
        pods=found.get(PODS, ()),
        experiments=found.get(EXPERIMENTS, ()),
        analysis_runs=found.get(ANALYSIS_RUNS, ()),
    )


class View:
    """One object with what it owns, shown once or as it changes."""

    def __init__(self, session: Session, resource: Resource, owned: Owned, view: Draw) -> None:
        self._session, self._resource, self._owned, self._view = session, resource, owned, view

    def show(self, name: str, *, watch: bool, seconds: float | None) -> None:
        """Draw it; with `watch` until `seconds` are over, it is deleted or the user ends it."""
        session = self._session
        found = session.look(self._resource, name)
        view = self._view(found, session.all_of)
        if not watch:
            click.echo(view, nl=False, color=True)
            return
        from rollouts.cli.mirror import Mirror
        from rollouts.cli.screen import Screen

        watched = [(session.collection(self._resource), Query(fields=f"metadata.name={name}"))]
        watched += [(session.collection(kind), Query(labels=labels)) for kind, labels in self._owned]
        mirror = Mirror(session, watched)
        try:
            with Screen(is_terminal=session.is_terminal(), on_resize=mirror.ring) as screen:
                screen.show(view)
                self._follow(mirror, screen, (name, view), seconds)
        finally:
            mirror.close()

    def _follow(self, mirror: "Mirror", screen: "Screen", begun: tuple[str, str], seconds: float | None) -> None:
        """Draw again what changes; `begun` are the name and the view that is shown already."""
        from rollouts.cli.mirror import only

        name, view = begun
        said = ""
        is_terminal = self._session.is_terminal()
        for is_rung in mirror.rings(until=seconds):
            if mirror.is_ready and (is_rung or is_terminal):  # in a log, growing ages alone are no news
                found = only(mirror.objects(self._resource), self._resource, name)
                view = self._view(found, lambda kind, _: mirror.objects(kind))
            screen.show(_noted(view, mirror.trouble) if is_terminal else view)
            if mirror.trouble != said and not is_terminal:
                said = mirror.trouble
                click.echo(f"Warning: {said or 'connected again'}", err=True)


def _noted(view: str, trouble: str) -> str:
    return f"{view}\n⚠ This may be old: {trouble}\n" if trouble else view
