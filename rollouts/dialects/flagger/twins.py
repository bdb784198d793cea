"""Target and primary as a decision sees them: sizes, readiness, and what keeps them from being brought about.

Called by whoever observes. A Service as target has neither pods nor a Service of its own in front: it is always ready.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from rollouts.dialects.flagger.readiness import Verdict, is_knative, unready
from rollouts.dialects.flagger.reading import integer
from rollouts.dialects.flagger.revision import OFF
from rollouts.model.objects import Json
from rollouts.model.reading import mapping, moment, text
from rollouts.model.rollout import Rollout
from rollouts.model.snapshot import Obstacles, Readiness, Twins
from rollouts.model.strategy import Pair, Progressive
from rollouts.model.workload import Version

SERVING = "flagger.app/primary-revision"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TARGET = {
    "DaemonSet": "canary damonset {name} not ready with retryable {again}: {message}",
    "Service": "canary service {name} not ready: {message}",
}
_PRIMARY = {"DaemonSet": "primary daemonset {name} not ready: {message}"}


def twins_of(
    manifest: Json,
    rollout: Rollout,
    objects: Mapping[str, Json],
    now: datetime,
    *,
    obstacles: Obstacles = Obstacles(),  # noqa: B008  # a frozen value
    drifted: frozenset[str] = frozenset(),
) -> Twins:
    """The workloads, the apex Service and the autoscaler among `objects`, by name of workload, `service/<name>` and
    `scaler/<name>`. `obstacles` and `drifted` come from those who render the generated objects.
    """
    strategy = rollout.strategy
    assert isinstance(strategy, Progressive)  # every Canary is one
    pair, analysis = strategy.pair, mapping(mapping(manifest.get("spec")).get("analysis"))
    target, primary = _pair(objects, pair)
    ready = {side: integer(analysis.get(f"{side}ReadyThreshold"), 100) for side in ("canary", "primary")}
    judged = unready(target or {}, ready["canary"], rollout, now)
    serving = unready(primary or _blank(target), ready["primary"], rollout, now)
    target_words = _TARGET.get(pair.kind, "canary deployment {name} not ready: {message}")
    return Twins(
        target=version_of(target) if target else None,
        copy=version_of(primary) if primary else None,
        target_readiness=_readiness(target_words, f"{pair.target}.{rollout.namespace}", judged),
        copy_readiness=_readiness(
            _PRIMARY.get(pair.kind, "{name} not ready: {message}"), f"{pair.copy}.{rollout.namespace}", serving
        ),
        is_served=not pair.is_sized or _leads_to_primary(objects.get(f"service/{pair.service}"), primary),
        obstacles=obstacles,
        drifted=drifted,
        least=_least(objects.get(f"scaler/{pair.scaler}"), pair),
    )


def _pair(objects: Mapping[str, Json], pair: Pair) -> tuple[Json | None, Json | None]:
    """Target and primary. Of Knative's Services one holds both, once the revision that serves is noted on it."""
    target = objects.get(pair.target)
    if target is None or not is_knative(target):
        return target, objects.get(pair.copy)
    noted = mapping(mapping(target.get("metadata")).get("annotations")).get(SERVING)
    return target, {"kind": "Service", "metadata": {"name": pair.copy}} if noted else None


def version_of(workload: Json) -> Version:
    """A workload as a held version; an absent size is one pod, and a DaemonSet either has its pods or none."""
    meta, spec, status = (mapping(workload.get(part)) for part in ("metadata", "spec", "status"))
    return Version(
        name=text(meta.get("name")),
        hash="",  # told apart by name: hashing the templates of both would be the dearest part of a tick
        revision=0,
        created=moment(meta.get("creationTimestamp")) or _EPOCH,
        replicas=0 if _is_off(workload) else integer(spec.get("replicas"), 1),
        current=integer(status.get("replicas")),
        ready=integer(status.get("readyReplicas")),
        available=integer(status.get("availableReplicas")),
    )


def _is_off(workload: Json) -> bool:
    """A DaemonSet that runs on no node."""
    pod = mapping(mapping(mapping(mapping(workload.get("spec")).get("template")).get("spec")))
    return OFF in mapping(pod.get("nodeSelector"))


def _readiness(words: str, name: str, verdict: Verdict) -> Readiness:
    message, is_final = verdict
    if not message:
        return Readiness()
    return Readiness(words.format(name=name, message=message, again=str(not is_final).lower()), is_final)


def _blank(target: Json | None) -> Json:
    """The primary as it will be once created: the target's size, no pod yet."""
    target = target or {}
    replicas = integer(mapping(target.get("spec")).get("replicas"), 1) or 1
    return {"kind": target.get("kind"), "spec": {"replicas": replicas}}


def _leads_to_primary(service: Json | None, primary: Json | None) -> bool:
    """The Service selects what the primary's own selector names."""
    if service is None or primary is None:
        return False
    selector = mapping(mapping(service.get("spec")).get("selector"))
    labels = mapping(mapping(mapping(primary.get("spec")).get("selector")).get("matchLabels"))
    return bool(labels) and selector == labels


def _least(scaler: Json | None, pair: Pair) -> int:
    """The smallest size that the user's autoscaler allows; of KEDA's kind, or Kubernetes' own."""
    if scaler is None or not pair.scaler:
        return 0
    spec = mapping(scaler.get("spec"))
    return max(integer(spec.get("minReplicas")), integer(spec.get("minReplicaCount")), 1)
