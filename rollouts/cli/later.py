"""Commands of Argo's that people know and that have nothing behind them yet: they say so, and what to do instead."""

import click

from rollouts.cli.arguments import CobraCommand, CobraGroup
from rollouts.cli.session import CommandError


@click.command(
    "dashboard",
    cls=CobraCommand,
    examples="""
  # Serve the dashboard on port 3100
  kubectl argo rollouts dashboard

  # On another port
  kubectl argo rollouts dashboard --port 8080
""",
)
@click.option("-p", "--port", default=3100, help="The port to listen on.")
@click.option("--root-path", default="rollouts", help="The path below which it is served.")
def dashboard(port: int, root_path: str) -> None:  # noqa: ARG001  # Argo's flags are taken
    """Serve the dashboard. It is not part of this version."""
    raise CommandError("the dashboard is not part of this version; `get rollout NAME -w` shows a rollout as it goes")


@click.group(
    "notifications",
    cls=CobraGroup,
    use="<template|trigger> COMMAND",
    examples="""
  # List the templates
  kubectl argo rollouts notifications template get
""",
)
@click.option("--config-map", default="", help="The file with the ConfigMap of the notifications.")
@click.option("--secret", default="", help="The file with the Secret of the notifications; :empty for none.")
def notifications(config_map: str, secret: str) -> None:  # Argo's flags are taken
    """Try out templates and triggers of notifications. They are not part of this version."""


@notifications.group(
    "template",
    cls=CobraGroup,
    examples="""
  # Print every template
  kubectl argo rollouts notifications template get -o yaml
""",
)
def template() -> None:
    """What is said."""


@notifications.group(
    "trigger",
    cls=CobraGroup,
    examples="""
  # Print every trigger
  kubectl argo rollouts notifications trigger get -o yaml
""",
)
def trigger() -> None:
    """When it is said."""


def _is_missing() -> None:
    raise CommandError("notifications are not part of this version: the controller sends none, so none can be tried")


@template.command(
    "get",
    cls=CobraCommand,
    use="[NAME]",
    examples="""
  # Print one template
  kubectl argo rollouts notifications template get rollout-completed -o yaml
""",
)
@click.argument("name", default="")
@click.option("-o", "--output", default="wide", help="json, yaml, wide or name.")
def template_get(name: str, output: str) -> None:  # noqa: ARG001  # Argo's flags are taken
    """Print templates."""
    _is_missing()


@template.command(
    "notify",
    cls=CobraCommand,
    use="NAME RESOURCE_NAME",
    examples="""
  # Print what would be sent
  kubectl argo rollouts notifications template notify rollout-completed guestbook
""",
)
@click.argument("name")
@click.argument("resource_name")
@click.option("--recipient", multiple=True, help="Whom to send it to (default: print it).")
def template_notify(name: str, resource_name: str, recipient: tuple[str, ...]) -> None:  # noqa: ARG001  # as above
    """Send a template's notification."""
    _is_missing()


@trigger.command(
    "get",
    cls=CobraCommand,
    use="[NAME]",
    examples="""
  # Print one trigger
  kubectl argo rollouts notifications trigger get on-rollout-completed -o yaml
""",
)
@click.argument("name", default="")
@click.option("-o", "--output", default="wide", help="json, yaml, wide or name.")
def trigger_get(name: str, output: str) -> None:  # noqa: ARG001  # Argo's flags are taken
    """Print triggers."""
    _is_missing()


@trigger.command(
    "run",
    cls=CobraCommand,
    use="NAME RESOURCE_NAME",
    examples="""
  # Would this trigger fire now?
  kubectl argo rollouts notifications trigger run on-rollout-completed guestbook
""",
)
@click.argument("name")
@click.argument("resource_name")
def trigger_run(name: str, resource_name: str) -> None:  # noqa: ARG001  # Argo's arguments are taken
    """Evaluate a trigger's conditions."""
    _is_missing()
