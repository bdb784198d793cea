"""`status NAME`: the phase, told until it is decided. Scripts wait with it: Degraded and too late are exit code 1."""

import re

import click

from rollouts.cli.arguments import CobraCommand
from rollouts.cli.doorbell import Doorbell
from rollouts.cli.phase import Phase, phase_of
from rollouts.cli.session import CommandError, Session
from rollouts.cluster.kinds import ROLLOUTS
from rollouts.cluster.port import Query

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


@click.command("status", cls=CobraCommand)
@click.argument("name")
@click.option("-w", "--watch/--no-watch", default=True, help="Wait until it is healthy or degraded (the default).")
@click.option("-t", "--timeout", default="0s", help="Give up after this time, as 90s or 1m30s (0: never).")
@click.pass_obj
def status(session: Session, name: str, watch: bool, timeout: str) -> None:
    """Tell how the rollout NAME fares."""
    seconds = duration(timeout)
    phase = phase_of(session.rollout(name))
    click.echo(str(phase))
    if watch and not _is_decided(phase):
        _follow(session, name, phase, seconds or None)


def duration(text: str) -> float:
    """Seconds of a Go duration; a plain number is seconds."""
    if text.isdigit():
        return float(text)
    parts = PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise CommandError(f'invalid argument "{text}" for "-t, --timeout" flag: write it as 90s or 1m30s')
    return sum(float(number) * UNITS[unit] for number, unit in parts)


def _is_decided(phase: Phase) -> bool:
    if phase.name == "Degraded":
        raise CommandError(f"The rollout is in a degraded state with message: {phase.message}")
    return phase.name == "Healthy"


def _follow(session: Session, name: str, shown: Phase, seconds: float | None) -> None:
    bell = Doorbell(session, [(session.collection(ROLLOUTS), Query(fields=f"metadata.name={name}"))])
    try:
        for is_rung in bell.rings(until=seconds):
            phase = phase_of(session.rollout(name)) if is_rung else shown
            if phase != shown:
                click.echo(str(phase))
            shown = phase
            if _is_decided(phase):
                return
    finally:
        bell.close()
    raise CommandError("Rollout status watch exceeded timeout")
