"""When a step of a canary is done, and what it is called. Called by the closing stages of the canary tuple."""

from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from rollouts.decide.aims import managed_routes
from rollouts.decide.analyses import STEP, is_passed, with_recorded
from rollouts.decide.experiments import is_experiment_passed
from rollouts.decide.pauses import CANARY_PAUSE, is_canary_pause_over, without_pause
from rollouts.decide.plugins import is_plugin_done
from rollouts.decide.replicas import are_reached
from rollouts.decide.scaling import held
from rollouts.decide.situation import Situation, Step
from rollouts.decide.verifying import is_open
from rollouts.model.effects import ShiftTraffic
from rollouts.model.plan import Event
from rollouts.model.strategy import (
    Analyse,
    Canary,
    CanaryStep,
    Experiment,
    ManagedRoute,
    Pause,
    RunPlugin,
    SetCanaryScale,
    SetHeaderRoute,
    SetMirrorRoute,
    SetWeight,
)


def advance_step(here: Situation) -> Step | None:
    """Go on to the next step when the current one is done; after an abort, back to the first."""
    strategy, status = here.rollout.strategy, here.status
    if not isinstance(strategy, Canary) or not strategy.steps or here.template_changed:
        return None
    if status.is_aborted:
        return Step(status=replace(status, step=len(strategy.steps) if _is_back(here) else 0))
    index = here.observed.step or 0
    if status.step != index or index >= len(strategy.steps) or here.is_held:
        return None
    if not _is_done(here, strategy, strategy.steps[index]):
        return None
    name, count = described(strategy.steps[index]), len(strategy.steps)
    event = Event("RolloutStepCompleted", f"Rollout step {index + 1}/{count} completed ({name})")
    status = with_recorded(without_pause(replace(status, step=index + 1), CANARY_PAUSE), STEP, None)
    return Step(events=(event,), status=status, reason=event.message)


def described(step: CanaryStep) -> str:
    """A step in the words of Argo's events."""
    match step:
        case SetWeight(weight=weight):
            return f"setWeight: {weight}"
        case Pause(duration=None):
            return "pause"
        case Pause(duration=duration, written=written):
            assert duration is not None
            return f"pause: {written or _worded(duration)}"
        case Analyse():
            return "analysis"
        case SetCanaryScale():
            return f"setCanaryScale{{{_scale_worded(step)}}}"
        case Experiment():
            return "experiment"
        case SetHeaderRoute(name=name) | SetMirrorRoute(name=name):
            return f"set{'Header' if isinstance(step, SetHeaderRoute) else 'Mirror'}Route: {name}"
        case RunPlugin(name=name):
            return f"plugin: {name}"
        case _:
            assert_never(step)


def _scale_worded(step: SetCanaryScale) -> str:
    if step.weight is not None:
        return f"weight: {step.weight}"
    return "matchTrafficWeight: true" if step.replicas is None else f"replicas: {step.replicas}"


def _worded(duration: timedelta) -> str:
    return f"{int(duration.total_seconds())}"


def _is_back(here: Situation) -> bool:
    return here.status.stable != "" and here.status.stable == here.status.current


def _is_done(here: Situation, strategy: Canary, step: CanaryStep) -> bool:
    match step:
        case Pause():
            return is_canary_pause_over(here, step)
        case SetWeight():
            is_reached = are_reached(here.rollout, strategy, here.observed, held(here))
            return is_reached and not is_open(here) and _is_written(here, strategy, step)
        case SetCanaryScale():
            return are_reached(here.rollout, strategy, here.observed, held(here))
        case Analyse():
            return is_passed(here, STEP)
        case SetHeaderRoute() | SetMirrorRoute():
            return _is_placed(here, strategy, step)
        case Experiment():
            return is_experiment_passed(here)
        case RunPlugin():
            return is_plugin_done(here, here.observed.step or 0)
        case _:
            assert_never(step)


def _is_placed(here: Situation, strategy: Canary, step: ManagedRoute) -> bool:
    """This round writes the managed route, or its time is over: it does not wait for a version that cannot serve."""
    if not strategy.is_routed or here.new is None or here.new.available == 0:
        return True
    written = [effect for effect in here.effects if isinstance(effect, ShiftTraffic)]
    if step in managed_routes(here, strategy):
        return any(step in effect.managed for effect in written)
    return here.status.canary.shares is not None


def _is_written(here: Situation, strategy: Canary, step: SetWeight) -> bool:
    """Where routes carry weights, this round's plan or an earlier one has written this very weight."""
    if not strategy.is_routed:
        return True
    shares = here.status.canary.shares
    return shares is not None and (shares.canary.weight, shares.canary.hash) == (step.weight, here.current_hash)
