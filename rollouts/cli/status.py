"""`status NAME`: the phase, told until it is decided. Scripts wait with it: Degraded and too late are exit code 1."""

import click

from rollouts.cli.ages import in_seconds
from rollouts.cli.arguments import CobraCommand
from rollouts.cli.phase import Phase, phase_of
from rollouts.cli.session import CommandError, Session
from rollouts.cluster.kinds import ROLLOUTS
from rollouts.cluster.port import Query


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
    """Tell how a rollout fares, until it is healthy or degraded."""
    seconds = seconds_of("-t, --timeout", timeout)
    phase = phase_of(session.look(ROLLOUTS, name))
    if watch:
        click.echo(str(phase))
        if not _is_decided(phase):
            _follow(session, name, phase, seconds or None)
        return
    # Argo: asked once, it tells the message of an undecided phase only; that of a degraded one is in the error.
    click.echo(phase.name if phase.name in ("Healthy", "Degraded") else f"{phase.name} - {phase.message}")
    _is_decided(phase)


def seconds_of(flag: str, text: str) -> float:
    """The value of a flag that takes a duration."""
    span = in_seconds(text)
    if span is None:
        raise CommandError(f'invalid argument "{text}" for "{flag}" flag: write it as 90s or 1m30s')
    return span.total_seconds()


def _is_decided(phase: Phase) -> bool:
    if phase.name == "Degraded":
        raise CommandError(f"The rollout is in a degraded state with message: {phase.message}")
    return phase.name == "Healthy"


def _follow(session: Session, name: str, shown: Phase, seconds: float | None) -> None:
    from rollouts.cli.mirror import Mirror, only

    mirror = Mirror(session, [(session.collection(ROLLOUTS), Query(fields=f"metadata.name={name}"))])
    try:
        for _ in mirror.rings(until=seconds):
            if not mirror.is_ready:
                continue
            phase = phase_of(only(mirror.objects(ROLLOUTS), ROLLOUTS, name))
            if phase != shown:
                click.echo(str(phase))
            shown = phase
            if _is_decided(phase):
                return
    finally:
        mirror.close()
    raise CommandError("Rollout status watch exceeded timeout")
