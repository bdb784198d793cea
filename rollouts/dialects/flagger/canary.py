"""A Canary manifest as the common model. Called by whoever observes Canaries, by lint, and by the golden data's world.

All that sets this dialect apart becomes values here: ticks instead of events, a primary copy instead of ReplicaSets,
one failure budget for everything, the route as the authority on weights.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from rollouts.dialects.flagger import commands, providers, queries
from rollouts.dialects.flagger import status as statuses
from rollouts.dialects.flagger.analysis import Templates, checks_of, climb_of, gates_of, interval_of, traffic_of
from rollouts.dialects.flagger.faults import canary_faults
from rollouts.dialects.flagger.queries import Subject
from rollouts.dialects.flagger.reading import integer
from rollouts.dialects.flagger.revision import MARK
from rollouts.dialects.flagger.routes import route_of
from rollouts.dialects.flagger.silence import silence_faults, silence_of
from rollouts.model.edges import Edges
from rollouts.model.errors import UndecodableError
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, text
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Climb, Holding, Pace, Pair, Progressive, Router, Words

STRICT = "sluice.dev/flagger-strict"
FINALIZER = "finalizer.flagger.app"
DEFAULT_PROVIDER = "istio"
DEFAULT_ITERATIONS = 10
DEFAULT_DEADLINE = 600
WORDS = Words(stable="primary", new="canary", round="iteration")
LETTER = Edges(
    forgets_after_failure=True,
    broken_copy_gets_all=True,
    judges_reverted=True,
    target_fails_promotion=True,
    silent_deadlines=True,
    names_no_cookie=True,
    infinity_is_nothing=True,
    rounds_bounds=True,
    starts_where_it_stood=True,
    promotes_moving_target=True,
    promotes_unmeasured=True,
    repeats_lost_ticks=True,
    waits_deaf=True,
    serves_unready_copy=True,
)


def parse(
    manifest: Json,
    revision: str,
    default_provider: str = DEFAULT_PROVIDER,
    configs: Mapping[str, str] | None = None,
    templates: Templates | None = None,
) -> Rollout:
    """Spec and status of a Canary; `revision` and `configs` are of its target as it stands (see revision.py).

    `templates` are the MetricTemplates that are there (None: nobody has looked).

    User mistakes become `faults`. Raises UndecodableError where metadata.name or spec have the wrong shape altogether.
    """
    meta, spec = _sections(manifest)
    provider = text(spec.get("provider")) or default_provider
    strategy = _strategy(spec, meta, provider, revision, templates)
    return Rollout(
        kind="Canary",
        namespace=text(meta.get("namespace")),
        name=meta["name"],
        uid=text(meta.get("uid")),
        generation=integer(meta.get("generation")),
        target=revision,
        strategy=strategy,
        status=statuses.read(mapping(manifest.get("status")), revision),
        progress_deadline=timedelta(seconds=deadline_of(spec)),
        is_suspended=spec.get("suspend") is True,
        is_deleted=meta.get("deletionTimestamp") is not None,
        reverts=spec.get("revertOnDeletion", not is_strict(manifest)) is True,
        is_held_back=FINALIZER in items(meta.get("finalizers")),
        configs=configs,
        pace=Pace.TICKS,
        holding=Holding.PRIMARY_COPY,
        command=commands.read(manifest, revision),
        faults=()
        if is_strict(manifest)
        else (*silence_faults(meta), *canary_faults(spec, provider, text(meta.get("namespace")), templates)),
    )


def is_strict(manifest: Json) -> bool:
    """Whether a user wants Flagger to the letter, sharp edges and all."""
    annotations = mapping(mapping(manifest.get("metadata")).get("annotations"))
    return annotations.get(STRICT) == "true"


def deadline_of(spec: Mapping[str, Any]) -> int:
    """Seconds that a version may take to get ready."""
    return integer(spec.get("progressDeadlineSeconds")) or DEFAULT_DEADLINE


def pair_of(spec: Mapping[str, Any]) -> Pair:
    """The two workloads and the three Services by name; a target that is a Service has the other two named after it."""
    reference = mapping(spec.get("targetRef"))
    target, kind = text(reference.get("name")), text(reference.get("kind"))
    service = text(mapping(spec.get("service")).get("name")) or target
    return Pair(
        target,
        f"{target}-primary",
        service,
        f"{service}-primary",
        f"{service}-canary",
        kind=kind,
        is_sized=kind != "Service",
        scaler=text(mapping(spec.get("autoscalerRef")).get("name")),
    )


def subject_of(meta: Mapping[str, Any], spec: Mapping[str, Any], provider: str, revision: str) -> Subject:
    """What the queries of a Canary are about; where revisions have routes of their own, the newest one's is asked."""
    about = providers.about(spec, text(meta.get("namespace")), pair_of(spec))
    if provider == providers.KNATIVE and revision:
        about = replace(about, route=revision.removeprefix(MARK))
    return Subject(about, text(meta.get("name")))


def _strategy(
    spec: Mapping[str, Any], meta: Mapping[str, Any], provider: str, revision: str, templates: Templates | None
) -> Progressive:
    analysis, pair = mapping(spec.get("analysis")), pair_of(spec)
    namespace = text(meta.get("namespace"))
    iterations, notices = _iterations(analysis, provider)
    is_letter = is_strict({"metadata": meta})
    affinity = mapping(analysis.get("sessionAffinity"))
    return Progressive(
        interval=interval_of(analysis, is_letter=is_letter),
        pair=pair,
        climb=Climb() if iterations else replace(climb_of(analysis), jumps=is_letter),
        rounds=iterations,
        failure_budget=max(integer(analysis.get("threshold")), 1),
        promotion_step=integer(analysis.get("stepWeightPromotion")) or None,
        checks=checks_of(
            analysis,
            _counted(provider, pair, is_letter=is_letter),
            subject_of(meta, spec, provider, revision),
            templates,
            is_letter=is_letter,
        ),
        gates=gates_of(analysis),
        routers=_routers(spec, pair, provider),
        probe=queries.PROBE,
        notices=notices,
        words=WORDS,
        skip_analysis=spec.get("skipAnalysis") is True or not analysis,
        is_matched=iterations > 0 and bool(items(analysis.get("match"))) and provider != providers.KUBERNETES,
        mirrors=analysis.get("mirror") is True and provider != providers.KUBERNETES,
        cookie=text(affinity.get("cookieName")),
        copy_cookie=text(affinity.get("primaryCookieName")),
        facts=_facts(spec, namespace, pair),
        edges=LETTER if is_letter else Edges(silence=silence_of(meta)),
        route=None if provider == providers.KUBERNETES else route_of(meta, spec, provider, pair, letter=is_letter),
    )


def _counted(provider: str, pair: Pair, *, is_letter: bool) -> str:
    """The provider whose counters are asked. To the letter, most that lead to a user's Service are taken for Istio."""
    return f"{provider}:service" if is_letter and pair.kind == "Service" else provider


def _facts(spec: Mapping[str, Any], namespace: str, pair: Pair) -> tuple[tuple[str, str], ...]:
    """What alerts tell beside their message."""
    analysis = mapping(spec.get("analysis"))
    return (
        ("Target", f"{pair.kind}/{pair.target}.{namespace}"),
        ("Failed checks threshold", str(max(integer(analysis.get("threshold")), 1))),
        ("Progress deadline", f"{deadline_of(spec)}s"),
        ("Traffic routing", traffic_of(analysis)),
    )


def _iterations(analysis: Mapping[str, Any], provider: str) -> tuple[int, tuple[str, ...]]:
    """How many, and what a user is told who asked for something else: plain Kubernetes cannot split traffic."""
    iterations = max(integer(analysis.get("iterations")), 0)
    if provider != providers.KUBERNETES:
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
    if provider == providers.KUBERNETES:
        return ()
    return (Router(provider, {"route": pair.service, "service": mapping(spec.get("service"))}),)


def _sections(manifest: Json) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    meta, spec = manifest.get("metadata"), manifest.get("spec")
    if not isinstance(meta, dict) or not isinstance(meta.get("name"), str):
        raise UndecodableError("metadata.name: a Canary needs a name")
    if not isinstance(spec, dict):
        raise UndecodableError(f"spec: must be an object, not {type(spec).__name__}")
    return meta, spec
