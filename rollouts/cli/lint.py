"""`lint`: mistakes in manifests before they are applied, found by the controller's own validation."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollouts.cli.arguments import CobraCommand, refuse_arguments
from rollouts.cli.session import CommandError, Session

if TYPE_CHECKING:
    from rollouts.cli.lint_check import Report

FORMATS = ("text", "json", "sarif")


@click.command(
    "lint",
    cls=CobraCommand,
    use="[PATH...]",
    examples="""
  # Lint a rollout
  kubectl argo rollouts lint -f my-rollout.yaml

  # Lint a folder, or what its kustomization builds
  kubectl argo rollouts lint deploy/overlays/production

  # Lint a folder whose Services live elsewhere
  kubectl argo rollouts lint --partial deploy/

  # For a code host that shows findings beside the lines
  kubectl argo rollouts lint -o sarif deploy/ > lint.sarif
""",
)
@click.argument("paths", nargs=-1)
@click.option("-f", "--filename", "named", multiple=True, metavar="path", help="File, folder or kustomization.")
@click.option("--partial", "is_partial", is_flag=True, help="What is not found may live elsewhere: only warn of it.")
@click.option("-o", "--output", "form", default="text", metavar="format", help=f"One of {', '.join(FORMATS)}.")
@click.option("--strict", "is_strict", is_flag=True, help="Warnings too are exit code 1.")
@click.option("--no-color", "no_colour", is_flag=True, help="No colours.")
@click.pass_context
def lint(ctx: click.Context, /, paths: Sequence[str], named: Sequence[str], form: str, **flags: bool) -> int:
    """Check manifests, and what they refer to, as the controller will; mistakes are exit code 1.

    Rollouts, analysis templates, experiments and Canaries are checked. A folder is taken for the whole
    application: what is named and not in it is a mistake. Of a single file's references it is only warned.
    """
    from rollouts.cli import files
    from rollouts.cli.lint_check import check

    places = (*named, *paths)
    if not places:
        refuse_arguments(ctx)
    if form not in FORMATS:
        raise CommandError(f'unknown output format "{form}": known are {", ".join(FORMATS)}')
    found = files.read(places)
    texts = {item.file: files.read_text(item.file) for item in found.items if Path(item.file).is_file()}
    report = check(found, texts, is_whole=not (flags["is_partial"] or files.is_given_alone(places)))
    _show(report, form, ctx.obj, no_colour=flags["no_colour"])
    return int(bool(report.errors or (flags["is_strict"] and report.findings)))


def _show(report: "Report", form: str, session: Session, *, no_colour: bool) -> None:
    from rollouts.cli import lint_report
    from rollouts.cli.style import style_of
    from rollouts.cli.version import number

    if form == "json":
        click.echo(json.dumps(lint_report.as_json(report), indent=2, ensure_ascii=False))
    elif form == "sarif":
        click.echo(json.dumps(lint_report.as_sarif(report, number()), indent=2, ensure_ascii=False))
    else:
        style = style_of(session.is_terminal, no_colour=no_colour)
        for line in lint_report.lines(report, style):
            click.echo(line, color=style.is_coloured)
        click.echo(lint_report.summary(report))
