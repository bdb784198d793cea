"""`promote NAME`: on from a pause, over a step, or to the end. What is sent depends on what the rollout waits for."""

from typing import Any, NamedTuple

import click

from rollouts.cli.arguments import CobraCommand
from rollouts.cli.canaries.found import either
from rollouts.cli.canary import is_blue_green, step_index, steps_of
from rollouts.cli.session import CommandError, Session
from rollouts.cli.writing import patch_spec, patch_status
from rollouts.cluster.port import Json


class Wish(NamedTuple):
    """What to write: into the spec, into the status; None is nothing."""

    spec: dict[str, Any] | None = None
    status: dict[str, Any] | None = None


@click.command(
    "promote",
    cls=CobraCommand,
    use="ROLLOUT_NAME",
    examples="""
	# Promote a paused rollout
	kubectl argo rollouts promote guestbook

	# Fully promote a rollout to desired version, skipping analysis, pauses, and steps
	kubectl argo rollouts promote guestbook --full
""",
)
@click.argument("name")
@click.option("--full", is_flag=True, help="Perform a full promotion, skipping analysis, pauses, and steps")
@click.option("-c", "--skip-current-step", "skip_step", is_flag=True, hidden=True)
@click.option("-a", "--skip-all-steps", "skip_all", is_flag=True, hidden=True)
@click.pass_obj
def promote(session: Session, name: str, full: bool, skip_step: bool, skip_all: bool) -> None:
    """Let a rollout go on from a pause, past an analysis without a verdict, or over its step.

    Of a Canary it opens the gate that it waits at, or lets go of a pause; with --full no check is asked any more.
    """
    if skip_step and skip_all:
        raise CommandError("Cannot use skip-current-step and skip-all-steps flags at the same time")

    def of_rollout(bare: str) -> str:
        return _promoted(session, bare, full=full, skip_step=skip_step, skip_all=skip_all)

    def of_canary(manifest: Json) -> str:
        from rollouts.cli.canaries import steer

        if skip_step or skip_all:
            raise CommandError("Cannot skip steps of a Canary: it has none")
        return steer.promote(session, manifest, full=full)

    click.echo(either(session, name, of_rollout, of_canary))


def _promoted(session: Session, name: str, *, full: bool, skip_step: bool, skip_all: bool) -> str:
    rollout = session.rollout(name)
    if skip_step or skip_all:
        _check_steps(rollout)
    if skip_step:
        wish = Wish(status={"currentStepIndex": _next_index(rollout)})
    elif skip_all:
        wish = Wish(status={"currentStepIndex": len(steps_of(rollout))})
    else:
        wish = _to_the_end(rollout) if full else _go_on(rollout)
    _send(session, name, wish)
    return f"rollout '{name}' {'fully ' if full else ''}promoted"


def _check_steps(rollout: Json) -> None:
    if is_blue_green(rollout):
        raise CommandError("Cannot skip steps of a bluegreen rollout. Run without a flags")
    if not steps_of(rollout):
        raise CommandError("Cannot skip steps of a rollout without steps")


def _send(session: Session, name: str, wish: Wish) -> None:
    if wish.status is not None:
        patch_status(session, name, wish.status)
    if wish.spec is not None:
        patch_spec(session, name, wish.spec)


def _to_the_end(rollout: Json) -> Wish:
    status = rollout.get("status") or {}
    is_there = status.get("currentPodHash") == status.get("stableRS")
    return Wish(_unpaused(rollout), None if is_there else {"promoteFull": True})


def _go_on(rollout: Json) -> Wish:
    status = rollout.get("status") or {}
    spec = _unpaused(rollout)
    if status.get("pauseConditions"):
        if status.get("controllerPause") and _is_inconclusive(rollout):
            resumed = {"pauseConditions": None, "controllerPause": False, "currentStepIndex": _next_index(rollout)}
            return Wish(spec, resumed)
        return Wish(spec, {"pauseConditions": None})
    if steps_of(rollout):
        return Wish(spec, {"pauseConditions": None, "currentStepIndex": _next_index(rollout)})
    return Wish(spec)


def _unpaused(rollout: Json) -> dict[str, Any] | None:
    return {"paused": False} if rollout["spec"].get("paused") else None


def _is_inconclusive(rollout: Json) -> bool:
    canary = (rollout.get("status") or {}).get("canary") or {}
    verdict = (canary.get("currentStepAnalysisRunStatus") or {}).get("status")
    return bool(steps_of(rollout)) and verdict == "Inconclusive"


def _next_index(rollout: Json) -> int:
    return min(step_index(rollout) + 1, len(steps_of(rollout)))
