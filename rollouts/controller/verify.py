"""Answers to the questions of a rollout. Called by reconcile, beside the queue.

A weight is verified by the providers of the rollout's routes. Gates and metric checks belong to ticking rollouts, whose
kinds bring their own ports: asked here they are answered with what is missing, which halts and never advances.
"""

from typing import assert_never

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
from rollouts.traffic.registry import PROVIDERS, routers_of


async def answer(question: Question, world: World, pods: Pods, plugins: StepPlugins) -> Answer:
    """What the world says."""
    match question:
        case VerifyWeight(shares):
            return _all_of([_verified(world, router, shares) for router in routers_of(world.rollout)])
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


def _verified(world: World, router: Router, shares: Shares) -> Verified:
    """Run a provider's flow. Providers of this slice read objects only: a flow that asks for more cannot tell."""
    flow = PROVIDERS[router.provider].verify(world.rollout, router, world.objects, shares)
    try:
        request = next(flow)
    except StopIteration as end:
        return end.value if isinstance(end.value, Verified) else Verified(None)
    return Verified(None, f"{router.provider}: no port serves {type(request).__name__}")


def _all_of(verdicts: list[Verified]) -> Verified:
    """A weight is verified where one provider says so and none denies it."""
    for wanted in (False, True):
        for verdict in verdicts:
            if verdict.verified is wanted:
                return verdict
    return Verified(None, "; ".join(verdict.message for verdict in verdicts if verdict.message))
