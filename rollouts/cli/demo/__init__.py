"""`sluice demo`: a good and a bad release on an embedded cluster, in under a minute and without any set-up.

The real parts: a Git repository served over HTTP, an API server that a stock kubectl can talk to, the controller as a
process of its own, Prometheus queries. Only the pods and their users are simulated.
"""

import asyncio
import sys
from pathlib import Path

import click

from rollouts.cli.arguments import CobraCommand
from rollouts.cli.demo.scenario import FLAVOURS
from rollouts.model.errors import RolloutsError

USUAL, OTHER = FLAVOURS


@click.command(
    "demo",
    cls=CobraCommand,
    is_local=True,
    examples=f"""
  # A good version is promoted, a bad one rolled back
  sluice demo

  # The same with a Canary
  sluice demo --flavour {OTHER}

  # Leave it running, to try the commands on it
  sluice demo --keep
""",
)
@click.option("--flavour", default=USUAL, help=f"Whose manifests the repository holds: {' or '.join(FLAVOURS)}.")
@click.option("--keep", is_flag=True, help="Leave everything running at the end, and tell what to try.")
@click.option(
    "--scenario", "scenario_file", type=click.Path(exists=True, path_type=Path), help="Other behaviour (YAML)."
)
@click.option("--no-color", "is_plain", is_flag=True, help="Plain lines, no redrawing.")
def demo(flavour: str, keep: bool, scenario_file: Path | None, is_plain: bool) -> None:
    """Play a good and a bad release on an embedded cluster."""
    from rollouts.cli.demo.play import play
    from rollouts.cli.demo.scenario import scenario_text
    from rollouts.cli.demo.screen import Screen
    from rollouts.cli.demo.stage import Stage
    from rollouts.simulator.scenario import load_scenario

    if flavour not in FLAVOURS:
        raise click.ClickException(f'no flavour "{flavour}": known are {" and ".join(FLAVOURS)}')
    scenario = load_scenario(scenario_file.read_text() if scenario_file else scenario_text())
    screen = Screen(sys.stdout, is_plain=is_plain)

    async def run() -> bool:
        async with Stage(scenario, FLAVOURS[flavour]) as stage:
            is_good = await play(stage, screen)
            if keep:
                screen.say(*stage.hints())
                await stage.until_interrupted()
            return is_good

    try:
        is_good = asyncio.run(run())
    except RolloutsError as error:
        raise click.ClickException(str(error)) from error
    if not is_good:
        sys.exit(1)
