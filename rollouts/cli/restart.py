"""`restart NAME`: the pods go one by one, within the rollout's budget, now or later."""

import click

from rollouts.cli.ages import in_seconds
from rollouts.cli.arguments import CobraCommand
from rollouts.cli.canaries.found import rollouts_name
from rollouts.cli.session import CommandError, Session
from rollouts.cli.writing import patch_spec


@click.command(
    "restart",
    cls=CobraCommand,
    use="ROLLOUT",
    examples="""
	# Restart the pods of a rollout in now
	kubectl argo rollouts restart ROLLOUT_NAME

	# Restart the pods of a rollout in ten seconds
	kubectl argo rollouts restart ROLLOUT_NAME --in 10s
""",
)
@click.argument("name")
@click.option("-i", "--in", "delay", default="", help="Amount of time before a restart. (e.g. 30s, 5m, 1h)")
@click.pass_obj
def restart(session: Session, name: str, delay: str) -> None:
    """Restart the pods of a rollout, as many at a time as may be missing."""
    name = rollouts_name(name, "restart")
    span = in_seconds(delay or "0s")
    if span is None:
        raise CommandError(f'invalid argument "{delay}" for "-i, --in" flag: write it as 30s, 5m or 1h30m')
    moment = session.now() + span
    patch_spec(session, name, {"restartAt": moment.strftime("%Y-%m-%dT%H:%M:%SZ")})
    click.echo(f"rollout '{name}' restarts in {delay or '0s'}")
