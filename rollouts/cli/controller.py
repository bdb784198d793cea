"""`sluice controller`: every flag of Argo's controller, and ours, read into Settings; serves until told to end.

Built from the table in controller/settings.py. Booleans are written as cobra has them: `--leader-elect`,
`--leader-elect=false`.
"""

import asyncio
import os
import sys
from typing import Any

import click

from rollouts.cli.arguments import CobraCommand
from rollouts.cli.version import number
from rollouts.cluster.login import pod_namespace
from rollouts.controller.settings import FLAGS, Flag, settings_of
from rollouts.model.errors import RolloutsError

EXAMPLES = """
  # Run against the cluster of the kubeconfig
  sluice controller

  # One namespace, and a log for people
  sluice controller --namespaced --namespace shop --logformat text
"""


def _option(flag: Flag) -> click.Option:
    names = [f"--{flag.name}", *([f"-{flag.short}"] if flag.short else []), flag.name.replace("-", "_")]
    text = flag.help if flag.field else f"{flag.help} (accepted, no meaning yet)"
    if isinstance(flag.default, bool):
        return click.Option(names, type=bool, is_flag=False, flag_value=True, default=flag.default, help=text)
    return click.Option(
        names, type=type(flag.default), default=flag.default, show_default=bool(flag.default), help=text
    )


def _serve(**options: Any) -> None:
    values = {flag.name: options[flag.name.replace("-", "_")] for flag in FLAGS}
    try:
        settings = settings_of(values, os.environ, pod_namespace())
        from rollouts.controller.production import serve
        from rollouts.telemetry.logs import configure

        configure(settings.log_format, settings.log_level)
        asyncio.run(serve(settings, values))
    except RolloutsError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


def _print_version(context: click.Context, _: click.Parameter, is_asked: bool) -> None:
    if is_asked:
        click.echo(f"sluice: {number()}")
        context.exit()


_VERSION = click.Option(
    ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)

controller = CobraCommand(
    "controller",
    is_local=True,
    examples=EXAMPLES,
    params=[*(_option(flag) for flag in FLAGS), _VERSION],
    callback=_serve,
    help="Run the controller against the cluster of $KUBECONFIG, or of the pod it runs in.",
)
