"""`backtest`: an analysis tried on recorded metrics before it guards a release."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from rollouts.cli.arguments import CobraCommand
from rollouts.cli.session import CommandError, Session

if TYPE_CHECKING:
    from rollouts.cli.backtest_play import Words


@click.command(
    "backtest",
    cls=CobraCommand,
    examples="""
  # Would this template have stopped good releases in the last two days?
  kubectl argo rollouts backtest -f success-rate.yaml --prometheus http://localhost:9090 --from 48h --arg service=web

  # And would it have stopped the bad ones?
  kubectl argo rollouts backtest -f success-rate.yaml --prometheus http://localhost:9090 --from 7d --events deploys.yaml

  # For a program, and for a slide
  kubectl argo rollouts backtest -f success-rate.yaml --prometheus http://localhost:9090 -o json
  kubectl argo rollouts backtest -f success-rate.yaml --prometheus http://localhost:9090 --plot success-rate.svg

  # deploys.yaml: when there were releases, and how they turned out, if that is known
  #   - {at: 2026-11-20T10:00:00Z, name: v1.2, outcome: good}
  #   - {at: 2026-11-21T09:30:00Z, name: v1.3, outcome: bad}
""",
)
@click.option(
    "-f",
    "--filename",
    "paths",
    multiple=True,
    required=True,
    metavar="path",
    help="A file or folder with the template.",
)
@click.option("--template", "chosen", default="", metavar="name", help="The template to try, if there are several.")
@click.option(
    "--prometheus", "address", default="", metavar="url", help="The Prometheus to ask, whatever the metric says."
)
@click.option("--from", "first", default="24h", show_default=True, metavar="time", help="A time, or how long ago.")
@click.option("--to", "last", default="now", show_default=True, metavar="time", help="A time, how long ago, or now.")
@click.option("-a", "--arg", "pairs", multiple=True, metavar="name=value", help="An argument of the template.")
@click.option("--every", default="", metavar="duration", help="Begin a run so often (default: the shortest interval).")
@click.option("--events", default="", metavar="file", help="Begin a run at each of these releases instead (YAML).")
@click.option("--lasts", default="", metavar="duration", help="How long a release takes: ends metrics without a count.")
@click.option("-o", "--output", default="", metavar="format", help="json, instead of the report.")
@click.option("--plot", default="", metavar="file", help="Draw it into this file, too: .svg or .png.")
@click.option(
    "--fail-on-aborts", "is_strict", is_flag=True, help="Exit with 1 if a run that is not known as bad aborts."
)
@click.option("--no-color", "no_colour", is_flag=True, help="No colours.")
@click.pass_obj
def backtest(session: Session, /, paths: Sequence[str], pairs: Sequence[str], output: str, **given: Any) -> int:
    """Play an analysis over recorded metrics: how often would it have aborted, and why?

    Its metrics are asked of Prometheus for the whole span, and a run is begun at each interval, or at each release of
    the past. Count, interval, limits and conditions work as in a real run.
    """
    from rollouts.cli.backtest_input import case_of
    from rollouts.cli.backtest_play import tried
    from rollouts.cli.backtest_plot import refuse_vain, save

    if output not in ("", "json"):
        raise CommandError(f'unknown output format "{output}": json is known')
    if given["plot"]:
        refuse_vain(given["plot"])
    words = _words(session, **given)
    found = tried(case_of(paths, given["chosen"], pairs, given["address"]), words)
    if given["plot"]:
        save(found, given["plot"])
    _show(session, found, output, no_colour=given["no_colour"])
    return int(given["is_strict"] and any(run.is_abort and not run.start.is_bad for run in found.runs))


def _words(session: Session, /, *, first: str, last: str, every: str, lasts: str, events: str, **_: Any) -> "Words":
    from rollouts.cli.backtest_input import events_of, moment_of, span_of
    from rollouts.cli.backtest_play import Words

    now = session.now()
    begin, end = moment_of("--from", first, now), moment_of("--to", last, now)
    if end <= begin:
        raise CommandError(f"--from {first} is not before --to {last}")
    if every and events:
        raise CommandError("--every and --events exclude each other: begin a run at each interval, or at each release")
    known = events_of(events) if events else None
    return Words(begin, end, span_of("--every", every), span_of("--lasts", lasts), known)


def _show(session: Session, found: Any, output: str, *, no_colour: bool) -> None:
    from rollouts.cli.backtest_report import as_json, lines
    from rollouts.cli.style import style_of

    if output:
        click.echo(json.dumps(as_json(found), indent=2, ensure_ascii=False))
        return
    style = style_of(session.is_terminal, no_colour=no_colour)
    for line in lines(found, style):
        click.echo(line, color=style.is_coloured)
