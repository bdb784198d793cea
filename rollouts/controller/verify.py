"""Answers to the questions of a rollout. Called by reconcile, beside the queue.

A weight is verified by the providers of the rollout's routes, whose flows may ask of what lies outside. Gates and
metric checks belong to ticking rollouts, whose kinds bring their own ports: asked here they are answered with what is
missing, which halts and never advances.
"""

from collections.abc import Awaitable, Callable
from typing import Any, assert_never

from analysis.errors import AnalysisError, ProviderError
from rollouts.controller.observe import World
from rollouts.controller.plugins.registry import StepPlugins
from rollouts.controller.pods import Pods
from rollouts.model.questions import (
    Answer,
    AskGate,
    AskMetric,
    AskPods,
    AskStepPlugin,
    GateAnswer,
    MetricAnswer,
    Question,
    Verified,
    VerifyWeight,
)
from rollouts.model.strategy import Router
from rollouts.model.weights import Shares
from rollouts.traffic.registry import routers_of

Outside = Callable[[Any], Awaitable[Any]]
"""Who carries out a flow's requests (analysis/requests); raises AnalysisError where there is no answer."""


async def nobody(request: Any) -> Any:
    """There is nothing outside: in tests and in files."""
    raise ProviderError(f"nobody answers {type(request).__name__} here")


async def answer(
    question: Question, world: World, pods: Pods, plugins: StepPlugins, outside: Outside = nobody
) -> Answer:
    """What the world says."""
    match question:
        case VerifyWeight(shares):
            routers = routers_of(world.rollout, world.providers)
            return _all_of([await _verified(world, router, shares, outside) for router in routers])
        case AskPods(versions=versions):
            return await pods.seen(world, versions)
        case AskStepPlugin():
            return await plugins.answer(question, world)
        case AskGate(gate=gate):
            return GateAnswer(is_open=False, message=f"gate {gate}: a {world.rollout.kind} asks no webhooks")
        case AskMetric(name=name):
            return MetricAnswer(None, error=f"check {name}: a {world.rollout.kind} is judged by its AnalysisRuns")
        case _:
            assert_never(question)


async def _verified(world: World, router: Router, shares: Shares, outside: Outside) -> Verified:
    """Run a provider's flow to its end; a request without an answer means that the weight is not verified."""
    flow = world.providers[router.provider].verify(world.rollout, router, world.objects, shares)
    told = None
    try:
        while True:
            told = await outside(flow.send(told))
    except StopIteration as end:
        return end.value if isinstance(end.value, Verified) else Verified(None)
    except AnalysisError as error:
        return Verified(False, f"{router.provider}: {error}")


def _all_of(verdicts: list[Verified]) -> Verified:
    """A weight is verified where one provider says so and none denies it."""
    for wanted in (False, True):
        for verdict in verdicts:
            if verdict.verified is wanted:
                return verdict
    return Verified(None, "; ".join(verdict.message for verdict in verdicts if verdict.message))
