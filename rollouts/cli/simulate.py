"""`sluice simulate`: a release played before it happens, on the embedded cluster and in virtual time."""

import json
import sys
from collections.abc import Sequence
from typing import Any

import click

from rollouts.cli.arguments import CobraCommand
from rollouts.cli.session import CommandError

ENDINGS = ("promoted", "rolled-back", "waiting")
_ENDED = {"promoted": "promoted", "rolled-back": "rolled back", "waiting": "waits for a person"}


@click.command(
    "simulate",
    cls=CobraCommand,
    is_local=True,
    examples="""
  # What would this rollout do if the new version had 5 % errors?
  sluice simulate -f deploy/ --scenario scenario.yaml

  # Let a person promote every pause after ten minutes, and read the result with a program
  sluice simulate -f deploy/ --scenario scenario.yaml --promote-after 10m -o json

  # In CI: fail unless the analyses would find this version out
  sluice simulate -f deploy/ --scenario bad.yaml --image shop:v3 --expect rolled-back

  # A scenario: how images behave, how many users there are, what fails meanwhile
  #   requestsPerSecond: 50
  #   images:
  #     shop:v2: {errorRate: 5%, latency: {median: 40ms, p99: 300ms}, readyAfter: 10s}
  #   failures:
  #     - {after: 2m, do: lose metrics, for: 30s}
""",
)
@click.option(
    "-f",
    "--filename",
    "paths",
    multiple=True,
    required=True,
    metavar="path",
    help="A file, folder or kustomization with the manifests.",
)
@click.option("--scenario", "scenario", default="", metavar="file", help="How images behave, and what happens (YAML).")
@click.option("--rollout", default="", help="The rollout to release, if there are several.")
@click.option("--image", default="", help="The image to release, if the scenario does not say it.")
@click.option(
    "--promote-after", default="", metavar="duration", help="A person promotes every pause without end after this time."
)
@click.option("--limit", default="6h", metavar="duration", help="Give up after this (virtual) time.")
@click.option("--seed", type=int, default=None, metavar="int", help="Another seed for the scenario's noise.")
@click.option(
    "--expect", default="", metavar="ending", help=f"Exit with 1 unless it ends so: one of {', '.join(ENDINGS)}."
)
@click.option("-o", "--output", default="", metavar="format", help="json, instead of the time line.")
@click.option("--no-color", "no_colour", is_flag=True, help="No colours.")
def simulate(paths: Sequence[str], scenario: str, output: str, expect: str, no_colour: bool, **choices: Any) -> None:
    """Play a release on an embedded cluster in virtual time: its steps, its verdicts, and how many users it harms."""
    from rollouts.cli import simulate_report as report
    from rollouts.cli.simulate_play import Choices, play
    from rollouts.cli.style import style_of

    if output not in ("", "json"):
        raise CommandError(f'unknown output format "{output}": json is known')
    if expect and expect not in ENDINGS:
        raise CommandError(f'--expect "{expect}" is no ending: write one of {", ".join(ENDINGS)}')
    course, notes = play(paths, scenario, Choices(**choices))
    if output:
        click.echo(json.dumps(report.as_json(course, notes), indent=2, ensure_ascii=False))
    else:
        style = style_of(sys.stdout.isatty, no_colour=no_colour)
        for line in report.lines(course, style, notes):
            click.echo(line, color=style.is_coloured)
    if expect and str(course.ending) != _ENDED[expect]:
        raise CommandError(f"expected {_ENDED[expect]}, but it ended so: {course.ending}")
