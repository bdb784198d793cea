"""A Canary manifest as the common model. Called by whoever observes Canaries, by lint, and by the golden data's world.

All that sets this dialect apart becomes values here: ticks instead of events, a primary copy instead of ReplicaSets,
one failure budget for everything, the route as the authority on weights.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from rollouts.dialects.flagger import queries
from rollouts.dialects.flagger import status as statuses
from rollouts.dialects.flagger.analysis import checks_of, climb_of, gates_of, interval_of
from rollouts.dialects.flagger.faults import GATEWAY, KUBERNETES, canary_faults
from rollouts.dialects.flagger.reading import integer, items, mapping, text
from rollouts.model.errors import UndecodableError
from rollouts.model.objects import Json
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Climb, Holding, Pace, Pair, Progressive, Router, Words

ABORT = "sluice.dev/abort"
DEFAULT_PROVIDER = "istio"
DEFAULT_ITERATIONS = 10
DEFAULT_DEADLINE = 600
WORDS = Words(stable="primary", new="canary", round="iteration")


def parse(manifest: Json, revision: str, default_provider: str = DEFAULT_PROVIDER) -> Rollout:
    """Spec and status of a Canary; `revision` is the hash of its target as it stands (see revision.py).

    User mistakes become `faults`. Raises UndecodableError where metadata.name or spec have the wrong shape altogether.
    """
    meta, spec = _sections(manifest)
    namespace, provider = text(meta.get("namespace")), text(spec.get("provider")) or default_provider
    strategy = _strategy(spec, namespace, provider)
    status = statuses.read(mapping(manifest.get("status")), revision)
    return Rollout(
        kind="Canary",
        namespace=namespace,
        name=meta["name"],
        uid=text(meta.get("uid")),
        generation=integer(meta.get("generation")),
        target=revision,
        strategy=strategy,
        status=statuses.with_abort(status, text(mapping(meta.get("annotations")).get(ABORT))),
        progress_deadline=timedelta(seconds=integer(spec.get("progressDeadlineSeconds")) or DEFAULT_DEADLINE),
        is_suspended=spec.get("suspend") is True,
        is_deleted=meta.get("deletionTimestamp") is not None,
        pace=Pace.TICKS,
        holding=Holding.PRIMARY_COPY,
        faults=canary_faults(spec, provider, strategy.checks),
    )


def pair_of(spec: Mapping[str, Any]) -> Pair:
    """The two workloads and the three Services by name."""
    target = text(mapping(spec.get("targetRef")).get("name"))
    service = text(mapping(spec.get("service")).get("name")) or target
    return Pair(target, f"{target}-primary", service, f"{service}-primary", f"{service}-canary")


def _strategy(spec: Mapping[str, Any], namespace: str, provider: str) -> Progressive:
    analysis, pair = mapping(spec.get("analysis")), pair_of(spec)
    iterations, notices = _iterations(analysis, provider)
    return Progressive(
        interval=interval_of(analysis),
        pair=pair,
        climb=Climb() if iterations else climb_of(analysis),
        rounds=iterations,
        failure_budget=max(integer(analysis.get("threshold")), 1),
        promotion_step=integer(analysis.get("stepWeightPromotion")) or None,
        checks=checks_of(analysis, provider, namespace, pair),
        gates=gates_of(analysis),
        routers=_routers(spec, pair, provider),
        probe=queries.PROBE,
        notices=notices,
        words=WORDS,
        skip_analysis=spec.get("skipAnalysis") is True or not analysis,
    )


def _iterations(analysis: Mapping[str, Any], provider: str) -> tuple[int, tuple[str, ...]]:
    """How many, and what a user is told who asked for something else: plain Kubernetes cannot split traffic."""
    iterations = max(integer(analysis.get("iterations")), 0)
    if provider != KUBERNETES:
        return iterations, ()
    notices = []
    if items(analysis.get("match")):
        notices.append("A/B testing is not supported when using the kubernetes provider")
    if not iterations:
        notices.append("Progressive traffic is not supported when using the kubernetes provider")
        notices.append(f"Setting canaryAnalysis.iterations: {DEFAULT_ITERATIONS}")
    return iterations or DEFAULT_ITERATIONS, tuple(notices)


def _routers(spec: Mapping[str, Any], pair: Pair, provider: str) -> tuple[Router, ...]:
    """The route that carries the weights; its generated form is the provider's business."""
    if provider != GATEWAY:
        return ()
    return (Router("gatewayAPI", {"httpRoute": pair.service, "service": mapping(spec.get("service"))}),)


def _sections(manifest: Json) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    meta, spec = manifest.get("metadata"), manifest.get("spec")
    if not isinstance(meta, dict) or not isinstance(meta.get("name"), str):
        raise UndecodableError("metadata.name: a Canary needs a name")
    if not isinstance(spec, dict):
        raise UndecodableError(f"spec: must be an object, not {type(spec).__name__}")
    return meta, spec
