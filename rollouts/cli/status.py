"""`status NAME`: the phase, told until it is decided. Scripts wait with it: Degraded and too late are exit code 1.

A Canary is decided where it rests: Succeeded or Initialized, or Failed, which is exit code 1.
"""

from collections.abc import Callable
from typing import NamedTuple

import click

from rollouts.cli.ages import in_seconds
from rollouts.cli.arguments import CobraCommand
from rollouts.cli.canaries.found import either
from rollouts.cli.phase import Phase, phase_of
from rollouts.cli.session import CommandError, Session
from rollouts.cluster.kinds import CANARIES, ROLLOUTS
from rollouts.cluster.port import Json, Query, Resource

GOOD = ("Healthy", "Succeeded", "Initialized")
BAD = {"Degraded": "The rollout is in a degraded state", "Failed": "The canary has failed"}
"""Phases that end the wait."""


class Teller(NamedTuple):
    """What is told of: an object as it was first seen, and how its phase is found."""

    session: Session
    resource: Resource
    manifest: Json
    phase_of: Callable[[Json], Phase]


@click.command(
    "status",
    cls=CobraCommand,
    use="ROLLOUT_NAME",
    examples="""
  # Wait until the rollout is healthy; degraded is exit code 1
  kubectl argo rollouts status guestbook

  # Tell its phase and end
  kubectl argo rollouts status guestbook --watch=false

  # Wait no longer than a minute; too late is exit code 1
  kubectl argo rollouts status guestbook --timeout 60s
""",
)
@click.argument("name")
@click.option("-w", "--watch/--no-watch", default=True, help="Wait until it is healthy or degraded.")
@click.option(
    "-t", "--timeout", default="0s", metavar="duration", help="Give up after this time, as 90s or 1m30s (0: never)."
)
@click.pass_obj
def status(session: Session, name: str, watch: bool, timeout: str) -> None:
    """Tell how a rollout fares, until it is healthy or degraded; or a Canary, until it has succeeded or failed."""
    seconds = seconds_of("-t, --timeout", timeout)

    def of_rollout(bare: str) -> Teller:
        return Teller(session, ROLLOUTS, session.look(ROLLOUTS, bare), phase_of)

    def of_canary(manifest: Json) -> Teller:
        from rollouts.cli.canaries import fare
        from rollouts.cli.canaries.found import found

        return Teller(session, CANARIES, manifest, lambda now: fare.phase_of(found(session, now)))

    teller = either(session, name, of_rollout, of_canary)
    phase = teller.phase_of(teller.manifest)
    if watch:
        click.echo(str(phase))
        if not _is_decided(phase):
            _follow(teller, phase, seconds or None)
        return
    # Argo: asked once, it tells the message of an undecided phase only; that of a degraded one is in the error.
    click.echo(phase.name if phase.name in (*GOOD, *BAD) else f"{phase.name} - {phase.message}")
    _is_decided(phase)


def seconds_of(flag: str, text: str) -> float:
    """The value of a flag that takes a duration."""
    span = in_seconds(text)
    if span is None:
        raise CommandError(f'invalid argument "{text}" for "{flag}" flag: write it as 90s or 1m30s')
    return span.total_seconds()


def _is_decided(phase: Phase) -> bool:
    if phase.name in BAD:
        raise CommandError(f"{BAD[phase.name]} with message: {phase.message}")
    return phase.name in GOOD


def _follow(teller: Teller, shown: Phase, seconds: float | None) -> None:
    from rollouts.cli.mirror import Mirror, only

    session, resource, name = teller.session, teller.resource, teller.manifest["metadata"]["name"]
    mirror = Mirror(session, [(session.collection(resource), Query(fields=f"metadata.name={name}"))])
    try:
        for _ in mirror.rings(until=seconds):
            if not mirror.is_ready:
                continue
            phase = teller.phase_of(only(mirror.objects(resource), resource, name))
            if phase != shown:
                click.echo(str(phase))
            shown = phase
            if _is_decided(phase):
                return
    finally:
        mirror.close()
    raise CommandError(f"{resource.kind} status watch exceeded timeout")
