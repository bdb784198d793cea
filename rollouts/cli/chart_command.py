"""`analysis ROLLOUT`: what was measured of it, as charts with the thresholds drawn in."""

import click

from rollouts.cli.arguments import CobraCommand
from rollouts.cli.canaries.found import rollouts_name
from rollouts.cli.session import CommandError, Session
from rollouts.cli.style import style_of
from rollouts.cluster.kinds import ANALYSIS_RUNS


@click.command(
    "analysis",
    cls=CobraCommand,
    use="ROLLOUT_NAME",
    examples="""
  # Charts of the newest revision's measurements
  kubectl argo rollouts analysis guestbook

  # Of one run, or of all that are kept
  kubectl argo rollouts analysis guestbook --run guestbook-6c54544bf9-2-1
  kubectl argo rollouts analysis guestbook --all
""",
)
@click.argument("name")
@click.option("--run", "wanted", default="", help="Only the AnalysisRun of this name.")
@click.option("--all", "every", is_flag=True, help="Every revision's runs, not just the newest one's.")
@click.option("-o", "--output", "form", default="text", metavar="format", help="text or json.")
@click.option("--no-color", "no_colour", is_flag=True, help="No colours.")
@click.pass_obj
def analysis(session: Session, name: str, wanted: str, every: bool, form: str, no_colour: bool) -> None:
    """Show what a rollout's analyses have measured: a chart for each metric, with the thresholds of its conditions."""
    from rollouts.cli import chart_runs

    if form not in ("text", "json"):
        raise CommandError(f'unknown output format "{form}": known are text, json')
    name = rollouts_name(name, "analysis")
    uid = session.rollout(name)["metadata"].get("uid", "")
    runs = chart_runs.of_rollout(session.all_of(ANALYSIS_RUNS), uid, every=every or bool(wanted))
    if wanted and wanted not in [run["metadata"]["name"] for run in runs]:
        there = ", ".join(run["metadata"]["name"] for run in runs) or "none"
        raise CommandError(f'rollout "{name}" has no AnalysisRun "{wanted}"; there are {there}')
    chosen = [run for run in runs if wanted in ("", run["metadata"]["name"])]
    if form == "json":
        click.echo(chart_runs.dump(chosen))
        return
    if not chosen:
        click.echo(f'rollout "{name}" has no AnalysisRuns', err=True)
    style = style_of(session.is_terminal, no_colour=no_colour)
    for index, run in enumerate(chosen):
        for line in ([""] if index else []) + list(chart_runs.pictures(run, style, session.now())):
            click.echo(line, color=style.is_coloured)
