"""`version`: ours, and with what it runs."""

import os
import sys

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
        click.echo(f"  Python: {'.'.join(map(str, sys.version_info[:3]))}")
        click.echo(f"  Platform: {sys.platform}/{_machine()}")


def _machine() -> str:
    from platform import machine

    return machine()


def number() -> str:
    """`v1.2.3`, or why there is none."""
    found = _installed() or _looked_up()
    return f"v{found}" if found else "unknown (not installed as a package)"


def _installed() -> str:
    """The version in the name of our folder of metadata: to read what is in it costs more than all else."""
    start, end = f"{DISTRIBUTION.replace('-', '_')}-", ".dist-info"
    for place in sys.path:
        if place.endswith("-packages"):
            for name in os.listdir(place) if os.path.isdir(place) else ():
                if name.startswith(start) and name.endswith(end):
                    return name.removeprefix(start).removesuffix(end)
    return ""


def _looked_up() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return ""
