"""`abort`, `pause`, `retry` and `terminate`: one request each; of a Canary, two."""

import click

from rollouts.cli.arguments import CobraCommand, KindGroup
from rollouts.cli.canaries.found import either, spelt
from rollouts.cli.session import Session
from rollouts.cli.writing import patch_spec, patch_status
from rollouts.cluster.kinds import ANALYSIS_RUNS, CANARIES, EXPERIMENTS
from rollouts.cluster.port import Json, Patch, PatchType


@click.command(
    "abort",
    cls=CobraCommand,
    use="ROLLOUT_NAME",
    examples="""
  # Abort a rollout
  kubectl argo rollouts abort guestbook

  # Abort the run of a Canary
  kubectl argo rollouts abort canary/podinfo
""",
)
@click.argument("names", nargs=-1, required=True)
@click.pass_obj
def abort(session: Session, names: tuple[str, ...]) -> None:
    """Abort rollouts: all traffic goes back to the stable version. NAME may be a Canary's.

    The new version stays in the spec; `retry rollout` tries it again, `undo` takes it back.
    """

    def of_rollout(name: str) -> str:
        patch_status(session, name, {"abort": True})
        return f"rollout '{name}' aborted"

    def of_canary(manifest: Json) -> str:
        from rollouts.cli.canaries import steer

        return steer.abort(session, manifest)

    for name in spelt(session, names):
        click.echo(either(session, name, of_rollout, of_canary))


@click.command(
    "pause",
    cls=CobraCommand,
    use="ROLLOUT_NAME",
    examples="""
  # Pause a rollout
  kubectl argo rollouts pause guestbook

  # Hold the run of a Canary where it is
  kubectl argo rollouts pause canary/podinfo
""",
)
@click.argument("names", nargs=-1, required=True)
@click.pass_obj
def pause(session: Session, names: tuple[str, ...]) -> None:
    """Pause rollouts where they are; `promote` goes on. NAME may be a Canary's."""

    def of_rollout(name: str) -> str:
        patch_spec(session, name, {"paused": True})
        return f"rollout '{name}' paused"

    def of_canary(manifest: Json) -> str:
        from rollouts.cli.canaries import steer

        return steer.pause(session, manifest)

    for name in spelt(session, names):
        click.echo(either(session, name, of_rollout, of_canary))


@click.group(
    "retry",
    cls=KindGroup,
    use="<rollout|experiment|canary> RESOURCE_NAME",
    examples="""
	# Retry an aborted rollout
	kubectl argo rollouts retry rollout guestbook

	# Retry a failed experiment
	kubectl argo rollouts retry experiment my-experiment

	# Retry a failed Canary
	kubectl argo rollouts retry canary podinfo
""",
)
def retry() -> None:
    """Try an aborted rollout, a failed experiment or a failed Canary again."""


@retry.command(
    "rollout",
    cls=CobraCommand,
    use="ROLLOUT_NAME",
    aliases=("ro", "rollouts"),
    examples="""
	# Retry an aborted rollout
	kubectl argo rollouts retry rollout guestbook
""",
)
@click.argument("names", nargs=-1, required=True)
@click.pass_obj
def retry_rollout(session: Session, names: tuple[str, ...]) -> None:
    """Let aborted rollouts begin again at their first step."""
    for name in names:
        patch_status(session, name, {"abort": False})
        click.echo(f"rollout '{name}' retried")


@retry.command(
    "experiment",
    cls=CobraCommand,
    use="EXPERIMENT_NAME",
    aliases=("exp", "experiments"),
    examples="""
	# Retry an experiment
	kubectl argo rollouts retry experiment my-experiment
""",
)
@click.argument("names", nargs=-1, required=True)
@click.pass_obj
def retry_experiment(session: Session, names: tuple[str, ...]) -> None:
    """Let experiments that have ended run again from the start."""
    for name in names:
        session.api.patch(session.target(EXPERIMENTS, name), Patch(PatchType.MERGE, {"status": None}))
        click.echo(f"experiment '{name}' retried")


@retry.command(
    "canary",
    cls=CobraCommand,
    use="CANARY_NAME",
    aliases=("canaries",),
    examples="""
	# Retry a failed Canary
	kubectl argo rollouts retry canary podinfo
""",
)
@click.argument("names", nargs=-1, required=True)
@click.pass_obj
def retry_canary(session: Session, names: tuple[str, ...]) -> None:
    """Let Canaries begin again with the version that failed."""
    from rollouts.cli.canaries import steer

    for name in names:
        click.echo(steer.retry(session, session.look(CANARIES, name)))


@click.group(
    "terminate",
    cls=KindGroup,
    use="<analysisrun|experiment> RESOURCE_NAME",
    examples="""
	# Terminate an AnalysisRun
	kubectl argo rollouts terminate analysisrun guestbook-877894d5b-4-success-rate.1

	# Terminate a failed experiment
	kubectl argo rollouts terminate experiment my-experiment
""",
)
def terminate() -> None:
    """End an AnalysisRun or an experiment that is running."""


@terminate.command(
    "analysisrun",
    cls=CobraCommand,
    use="ANALYSISRUN_NAME",
    aliases=("ar", "analysisruns"),
    examples="""
	# Terminate an AnalysisRun
	kubectl argo rollouts terminate analysisrun guestbook-877894d5b-4-success-rate.1
""",
)
@click.argument("names", nargs=-1, required=True)
@click.pass_obj
def terminate_run(session: Session, names: tuple[str, ...]) -> None:
    """End AnalysisRuns: what they measured until then decides."""
    for name in names:
        session.api.patch(session.target(ANALYSIS_RUNS, name), Patch(PatchType.MERGE, {"spec": {"terminate": True}}))
        click.echo(f"analysisRun '{name}' terminated")


@terminate.command(
    "experiment",
    cls=CobraCommand,
    use="EXPERIMENT_NAME",
    aliases=("exp", "experiments"),
    examples="""
	# Terminate an experiment
	kubectl argo rollouts terminate experiment my-experiment
""",
)
@click.argument("names", nargs=-1, required=True)
@click.pass_obj
def terminate_experiment(session: Session, names: tuple[str, ...]) -> None:
    """End experiments: their pods go, their AnalysisRuns end."""
    for name in names:
        session.api.patch(session.target(EXPERIMENTS, name), Patch(PatchType.MERGE, {"spec": {"terminate": True}}))
        click.echo(f"experiment '{name}' terminated")
