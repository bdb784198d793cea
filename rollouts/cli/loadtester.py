"""`sluice loadtester`: flags read into Settings, under the names that users of such a service know; serves until told.

A flag may stand behind one dash or two, for the manifests that exist have one.
"""

import asyncio
import re
import sys
from typing import Any

import click

from analysis.errors import DurationError
from analysis.units import parse_duration
from rollouts.cli.arguments import CobraCommand
from rollouts.cli.session import CommandError
from rollouts.loadtester.settings import GATES, Settings
from rollouts.telemetry.logs import FORMATS, LEVELS

LOAD = (
    sys.executable,
    "-c",
    "import sys; from rollouts.cli.main import sluice; sys.argv[0] = 'sluice'; sluice()",
    "load",
)
"""The command line of our own load, whether or not `sluice` is on PATH."""


def seconds_of(flag: str, text: str) -> float:
    """The duration that a flag gives, in seconds."""
    try:
        return parse_duration(text).total_seconds()
    except DurationError as error:
        raise CommandError(f"{flag}: {error}; write it as 30s or 1h") from None


def pattern_of(text: str) -> re.Pattern[str]:
    """The namespaces that are served."""
    try:
        return re.compile(text)
    except re.error as error:
        raise CommandError(f'--namespace-regexp "{text}" is no regular expression: {error}') from None


@click.command(
    "loadtester",
    cls=CobraCommand,
    is_local=True,
    examples="""
  # Serve webhooks on port 8080, for canaries of the namespaces that begin with team-
  sluice loadtester --port 8080 --namespace-regexp '^team-'

  # Try that one: open a gate, and see that it is open
  curl -d '{"name": "podinfo", "namespace": "team-a"}' http://localhost:8080/gate/open
  curl -d '{"name": "podinfo", "namespace": "team-a"}' http://localhost:8080/gate/check
""",
)
@click.option("--port", "-port", type=int, default=9090, help="Port to listen on; 0 for any free one.")
@click.option("--address", default="0.0.0.0", help="Address to listen on.")
@click.option("--timeout", "-timeout", default="1h", metavar="duration", help="How long one task may take.")
@click.option(
    "--namespace-regexp", "-namespace-regexp", "pattern", default="", help="Serve canaries of these namespaces only."
)
@click.option("--log-level", "-log-level", "level", default="info", help=f"One of {', '.join(LEVELS)}.")
@click.option(
    "--zap-encoding", "-zap-encoding", "form", default="json", help=f"Form of the log: one of {', '.join(FORMATS)}."
)
@click.option("--zap-replace-globals", "-zap-replace-globals", is_flag=True, help="Accepted, has no meaning here.")
@click.option(
    "--gates",
    type=click.Choice(GATES),
    default="auto",
    metavar="place",
    help="Where gates are kept: cluster, memory, or auto for the cluster wherever it allows that.",
)
@click.option("--gates-name", default="sluice-loadtester-gates", help="Name of the ConfigMap of gates.")
@click.option("--gates-namespace", default="", help="Its namespace, if not that of the pod or the kubeconfig.")
@click.option("--kubeconfig", default="", help="The cluster of gates, if not the pod's own or $KUBECONFIG.")
@click.option("--max-tasks", type=click.IntRange(min=1), default=64, metavar="int", help="Tasks that run at once.")
@click.option(
    "--max-queue", type=click.IntRange(min=0), default=256, metavar="int", help="Tasks that may wait for a place."
)
def loadtester(**options: Any) -> None:
    """Serve the webhooks of canaries: load and other tests on command, and gates that people open and close."""
    for flag, value, known in (("--log-level", options["level"], LEVELS), ("--zap-encoding", options["form"], FORMATS)):
        if value not in known:
            raise CommandError(f"{flag} {value} is unknown: write one of {', '.join(known)}")
    settings = Settings(
        host=options["address"],
        port=options["port"],
        timeout=seconds_of("--timeout", options["timeout"]),
        namespaces=pattern_of(options["pattern"]),
        gates=options["gates"],
        gates_name=options["gates_name"],
        namespace=options["gates_namespace"],
        kubeconfig=options["kubeconfig"],
        running=options["max_tasks"],
        waiting=options["max_queue"],
        load=LOAD,
    )
    from rollouts.loadtester.production import serve
    from rollouts.telemetry.logs import configure

    configure(options["form"], options["level"])
    asyncio.run(serve(settings))
