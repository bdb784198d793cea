"""`version`: ours, and with what it runs."""

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

import click

from rollouts.cli.arguments import CobraCommand

DISTRIBUTION = "sluice-delivery"


@click.command(
    "version",
    cls=CobraCommand,
    examples="""
  # What is this?
  kubectl argo rollouts version

  # One line
  kubectl argo rollouts version --short
""",
)
@click.option("--short", is_flag=True, help="The number alone.")
@click.option("--client", is_flag=True, help="This program only, as it is anyway.")
def version(short: bool, client: bool) -> None:  # noqa: ARG001  # taken for kubectl's sake
    """Print the version."""
    click.echo(f"sluice: {number()}")
    if not short:
        click.echo(f"  Python: {platform.python_version()}")
        click.echo(f"  Platform: {platform.system().lower()}/{platform.machine()}")


def number() -> str:
    """`v1.2.3`, or why there is none."""
    try:
        return f"v{installed(DISTRIBUTION)}"
    except PackageNotFoundError:
        return "unknown (not installed as a package)"
