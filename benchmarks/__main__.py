"""`python -m benchmarks [NAME…]`: measure, print a table, exit with 1 where a target is missed."""

import asyncio
import platform
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import click

from benchmarks import analysis, canaries, cli, load, requests, startup, verdicts
from benchmarks.figures import Figure, table
from benchmarks.options import Options
from benchmarks.stopping import stoppable

MEASURES: Mapping[str, Callable[[Options], Awaitable[list[Figure]]]] = {
    "startup": startup.measure,
    "requests": requests.measure,
    "cli": cli.measure,
    "load": load.measure,
    "engine": verdicts.measure,
    "analysis": analysis.measure,
    "canaries": canaries.measure,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(MEASURES)))
@click.option("--rollouts", default=300, show_default=True, help="Rollouts in the big runs.")
@click.option("--starts", default=7, show_default=True, help="Starts of the controller.")
@click.option("--listed", default=10_000, show_default=True, help="Rollouts in the list that the plugin prints.")
@click.option("--samples", default=5, show_default=True, help="Rollouts whose requests are counted one by one.")
@click.option("--idle", default=20.0, show_default=True, help="Seconds to watch it rest.")
@click.option(
    "--crowds", default=(100, 300), multiple=True, show_default=True, help="Rollouts on a real control plane."
)
@click.option("--rest", default=60.0, show_default=True, help="Seconds to watch it rest there.")
@click.option("--runs", default=1000, show_default=True, help="AnalysisRuns at once.")
@click.option("--interval", default=60, show_default=True, help="Seconds between measurements of a metric.")
@click.option("--intervals", default=3, show_default=True, help="Intervals for which the runs are watched.")
@click.option("--canaries", default=1000, show_default=True, help="Canaries, with a tick every 10 seconds.")
@click.option("--moving", default=100, show_default=True, help="How many of them progress at once.")
def main(names: tuple[str, ...], **numbers: Any) -> None:
    """Measure what the controller costs (all measures, or those NAMEd)."""
    options = Options(**numbers)
    figures: list[Figure] = []
    for name in names or tuple(MEASURES):
        click.echo(f"measuring {name} ...", err=True)
        try:
            figures += asyncio.run(stoppable(MEASURES[name](options)))
        except asyncio.CancelledError:
            click.echo("ended by a signal; what was started has been stopped", err=True)
            sys.exit(128 + signal.SIGTERM)
    click.echo(f"Python {platform.python_version()}, {platform.machine()}\n")
    click.echo(table(figures))
    if not all(figure.is_met for figure in figures):
        sys.exit(1)


if __name__ == "__main__":
    main()
