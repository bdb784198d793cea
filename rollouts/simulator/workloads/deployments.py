"""The Deployment controller: a ReplicaSet for each template, rolled over within maxSurge and maxUnavailable.

What a Rollout's `workloadRef`, a primary copy and everybody's plain Deployments need. A scale-up in the middle of an
update goes to the new ReplicaSet first; Kubernetes would spread it, and ends in the same place.
"""

from collections.abc import Sequence
from copy import deepcopy

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from rollouts.hashing import template_hash
from rollouts.simulator.workloads.deployment_status import deadline, deployment_status
from rollouts.simulator.workloads.pods import controller_of, is_controlled_by, is_finished, reference_to
from rollouts.simulator.workloads.rolling import Held, sizes_of
from rollouts.simulator.workloads.rounds import Now, Rounds, Wake
from rollouts.simulator.workloads.selectors import Key, key_of
from rollouts.simulator.workloads.views import Views

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"


class Deployments:
    """Woken by Deployments, by their ReplicaSets, and by the end of old pods (Recreate)."""

    def __init__(self, views: Views, now: Now) -> None:
        self.rounds = Rounds("deployments", self._reconcile, now)
        self._views = views
        self._now = now
        views.deployments.listen(lambda before, after: self.rounds.wake(key_of(after or before or {})))
        views.replica_sets.listen(self._owned_changed)
        views.pods.listen(self._pod_changed)

    def _owned_changed(self, before: Json | None, after: Json | None) -> None:
        replica_set = after or before or {}
        owner = controller_of(replica_set)
        if owner is not None and owner["kind"] == kinds.DEPLOYMENTS.kind:
            self.rounds.wake((key_of(replica_set)[0], owner["name"]))

    def _pod_changed(self, before: Json | None, after: Json | None) -> None:
        owner = controller_of(before) if after is None and before is not None else None
        if owner is not None and before is not None:
            replica_set = self._views.replica_sets.get((key_of(before)[0], owner["name"]))
            self._owned_changed(None, replica_set) if replica_set else None

    async def _reconcile(self, key: Key) -> Wake | None:
        deployment = self._views.deployments.get(key)
        if deployment is None or self._views.deployments.is_leaving(deployment):
            return None
        held = self._held(deployment)
        new = find_new(deployment, held)
        if not deployment["spec"].get("paused"):
            new = await self._number(deployment, new, held)
            await self._roll(deployment, new)
            await self._prune(deployment, new)
        elif len(running := [each for each in held if each["spec"].get("replicas")]) == 1:
            await self._scale(running[0], deployment["spec"].get("replicas", 1))
        held, now = self._held(deployment), self._now()
        new = find_new(deployment, held)
        deployment = await self._views.deployments.write_status(
            deployment, deployment_status(deployment, new, held, now)
        )
        stuck_at = deadline(deployment)
        return Wake(stuck_at) if stuck_at is not None else None

    def _held(self, deployment: Json) -> list[Json]:
        """Its ReplicaSets, oldest first."""
        owned = [each for each in self._views.replica_sets.owned_by(deployment) if is_controlled_by(each, deployment)]
        there = [each for each in owned if not self._views.replica_sets.is_leaving(each)]
        return sorted(there, key=lambda each: (each["metadata"]["creationTimestamp"], revision_of(each)))

    async def _number(self, deployment: Json, new: Json | None, held: Sequence[Json]) -> Json:
        """The ReplicaSet of the wanted template, created if need be, with the highest revision."""
        others = [each for each in held if new is None or each["metadata"]["uid"] != new["metadata"]["uid"]]
        revision = max((revision_of(each) for each in others), default=0) + 1
        if new is None:
            new = await self._views.replica_sets.create(replica_set_of(deployment, revision))
        elif revision_of(new) < revision:
            new = await self._views.replica_sets.patch(new, _annotation(revision))
        if _min_ready(new) != _min_ready(deployment):
            new = await self._views.replica_sets.patch(new, {"spec": {"minReadySeconds": _min_ready(deployment)}})
        if revision_of(deployment) != revision_of(new):
            await self._views.deployments.patch(deployment, _annotation(revision_of(new)))
        return new

    async def _roll(self, deployment: Json, new: Json) -> None:
        held = self._held(deployment)
        old = [each for each in held if each["metadata"]["uid"] != new["metadata"]["uid"]]
        is_clear = not any(self._has_pods(each) for each in old)
        sizes = sizes_of(deployment, _seen(new), [_seen(each) for each in old], is_clear=is_clear)
        for each in held:
            await self._scale(each, sizes[each["metadata"]["name"]])

    def _has_pods(self, replica_set: Json) -> bool:
        return any(not is_finished(pod) for pod in self._views.pods.owned_by(replica_set))

    async def _scale(self, replica_set: Json, replicas: int) -> None:
        if replica_set["spec"].get("replicas") != replicas:
            await self._views.replica_sets.patch(replica_set, {"spec": {"replicas": replicas}})

    async def _prune(self, deployment: Json, new: Json) -> None:
        """Forget the oldest empty versions beyond the history limit."""
        limit = deployment["spec"].get("revisionHistoryLimit", 10)
        empty = [
            each
            for each in self._held(deployment)
            if each["metadata"]["uid"] != new["metadata"]["uid"]
            and not each["spec"].get("replicas")
            and not (each.get("status") or {}).get("replicas")
        ]
        for each in empty[: max(0, len(empty) - limit)]:
            await self._views.replica_sets.delete(each)


def revision_of(obj: Json) -> int:
    """The revision annotation as a number; 0 without one."""
    text = (obj["metadata"].get("annotations") or {}).get(REVISION, "")
    return int(text) if text.isdigit() else 0


def find_new(deployment: Json, held: Sequence[Json]) -> Json | None:
    """The ReplicaSet that has the Deployment's template (its hash label apart)."""
    wanted = deployment["spec"]["template"]
    return next((each for each in held if _without_hash(each["spec"]["template"]) == _without_hash(wanted)), None)


def replica_set_of(deployment: Json, revision: int) -> Json:
    """The ReplicaSet of the Deployment's template, still without pods."""
    meta, spec = deployment["metadata"], deployment["spec"]
    template = deepcopy(spec["template"])
    digest = template_hash(template, None)
    labels = {**(template.get("metadata", {}).get("labels") or {}), HASH: digest}
    template["metadata"] = {**template.get("metadata", {}), "labels": labels}
    selector = spec.get("selector") or {}
    matched = {**(selector.get("matchLabels") or {}), HASH: digest}
    return {
        "apiVersion": kinds.REPLICA_SETS.api_version,
        "kind": kinds.REPLICA_SETS.kind,
        "metadata": {
            "name": f"{meta['name']}-{digest}",
            "namespace": meta["namespace"],
            "labels": labels,
            "annotations": {REVISION: str(revision)},
            "ownerReferences": [reference_to(deployment, kinds.DEPLOYMENTS)],
        },
        "spec": {
            "replicas": 0,
            "minReadySeconds": _min_ready(deployment),
            "selector": {**selector, "matchLabels": matched},
            "template": template,
        },
    }


def _seen(replica_set: Json) -> Held:
    status = replica_set.get("status") or {}
    wanted = replica_set["spec"].get("replicas", 1)
    return Held(replica_set["metadata"]["name"], wanted, status.get("availableReplicas", 0))


def _min_ready(obj: Json) -> int:
    return obj["spec"].get("minReadySeconds") or 0


def _annotation(revision: int) -> Json:
    return {"metadata": {"annotations": {REVISION: str(revision)}}}


def _without_hash(template: Json) -> Json:
    meta = template.get("metadata") or {}
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if key != HASH}
    return {**template, "metadata": {**meta, "labels": labels}}
