"""The bugs: clusters and decides that are wrong in one thing each. Each life of the controller gets its own."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from rollouts.cluster.port import Cluster, Collection, CreateOptions, Json, Patch, Target
from rollouts.controller.reconcile import Decide
from rollouts.decide.ahead import decide_ahead
from rollouts.model.effects import ScaleVersion
from rollouts.model.plan import Plan
from rollouts.model.snapshot import Snapshot
from tests.simulation.invariants import REVISION


class Meddler:
    """A cluster that passes everything on, for others to change one thing."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def create(self, collection: Collection, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """As the port's."""
        return await self._cluster.create(collection, body, options)

    async def patch(self, target: Target, patch: Patch) -> Json:
        """As the port's."""
        body = self.meddled(target, patch.body) if isinstance(patch.body, dict) else patch.body
        return await self._cluster.patch(target, replace(patch, body=body))

    def meddled(self, target: Target, body: Json) -> Json:
        """The body that is sent in place of this one."""
        return body

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)


class MissesAPart(Meddler):
    """Forgets to take from stable what it gives to the canary."""

    def meddled(self, target: Target, body: Json) -> Json:
        """Stable always has everything."""
        if target.resource.kind != "HTTPRoute" or "spec" not in body:
            return body
        rules = [
            {**rule, "backendRefs": [_full(ref) if "stable" in ref["name"] else ref for ref in rule["backendRefs"]]}
            for rule in body["spec"]["rules"]
        ]
        return {**body, "spec": {"rules": rules}}


def _full(ref: Json) -> Json:
    return {**ref, "weight": 100}


def believes_in_readiness() -> Decide:
    """Takes every pod that it asked for as ready, and looks at no EndpointSlice."""

    def hasty(snapshot: Snapshot, now: datetime) -> Plan:
        ready = [replace(v, current=v.replicas, ready=v.replicas, available=v.replicas) for v in snapshot.versions]
        return decide_ahead(replace(snapshot, versions=tuple(ready), endpoints={}), now)

    return hasty


def starves_stable() -> Decide:
    """Takes the stable version's pods as soon as there is another version."""

    def greedy(snapshot: Snapshot, now: datetime) -> Plan:
        plan = decide_ahead(snapshot, now)
        stable = next((v for v in snapshot.versions if v.hash == snapshot.rollout.status.stable), None)
        if stable is None or stable.replicas < 2 or stable.name == snapshot.new:
            return plan
        return replace(plan, effects=(*plan.effects, ScaleVersion(stable.name, 1, snapshot.rollout.size)))

    return greedy


def is_in_a_hurry() -> Decide:
    """Takes the old pods at the moment when the routes are written."""

    def hurried(snapshot: Snapshot, now: datetime) -> Plan:
        return decide_ahead(replace(snapshot, endpoints={}, moved_at=None), now)

    return hurried


def overshoots() -> Decide:
    """Adds two pods to whatever grows."""

    def generous(snapshot: Snapshot, now: datetime) -> Plan:
        plan = decide_ahead(snapshot, now)
        sizes = {version.name: version.replicas for version in snapshot.versions}
        effects = tuple(
            replace(e, replicas=e.replicas + 2) if isinstance(e, ScaleVersion) and e.replicas > sizes[e.name] else e
            for e in plan.effects
        )
        return replace(plan, effects=effects)

    return generous


class SparesThePods(Meddler):
    """Changes the metadata of ReplicaSets only, and leaves the pods as they are."""

    def meddled(self, target: Target, body: Json) -> Json:
        """Nothing for pods."""
        return {} if target.resource.kind == "Pod" else body


class HelpsItself(Meddler):
    """Writes a note into the template of the workload that lends it."""

    def meddled(self, target: Target, body: Json) -> Json:
        """With a note."""
        if target.resource.kind != "Deployment":
            return body
        note = {"metadata": {"annotations": {"seen": "by the rollout"}}}
        return {**body, "spec": {**body.get("spec", {}), "template": note}}


class MakesTwins(Meddler):
    """Creates every ReplicaSet twice."""

    async def create(self, collection: Collection, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """Once more under another name."""
        if collection.resource.kind == "ReplicaSet":
            twin = {**body, "metadata": {**body["metadata"], "name": f"{body['metadata']['name']}-twin"}}
            await self._cluster.create(collection, twin, options)
        return await self._cluster.create(collection, body, options)


class CountsToOne(Meddler):
    """Gives every ReplicaSet the first revision."""

    async def create(self, collection: Collection, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """With the number one."""
        if collection.resource.kind == "ReplicaSet":
            marks = {**body["metadata"]["annotations"], REVISION: "1"}
            body = {**body, "metadata": {**body["metadata"], "annotations": marks}}
        return await self._cluster.create(collection, body, options)


class LeavesAMark(Meddler):
    """Writes what it has handled into the user's object, as some frameworks do."""

    def meddled(self, target: Target, body: Json) -> Json:
        """With an annotation of its own."""
        if target.resource.kind != "Service":
            return body
        marks = {**body.get("metadata", {}).get("annotations", {}), "framework.example/last-handled": "{}"}
        return {**body, "metadata": {**body.get("metadata", {}), "annotations": marks}}


class TakesBackAborts(Meddler):
    """Writes the status as it knows it, whatever a user has written meanwhile."""

    def meddled(self, target: Target, body: Json) -> Json:
        """Without the version that would give a conflict."""
        if target.subresource != "status" or target.resource.kind != "Rollout":
            return body
        return {"status": {**body["status"], "abort": None}}


class SaysItTwice(Meddler):
    """Names an event by the moment, so that nobody sees that it was told before."""

    async def create(self, collection: Collection, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """Once more, under the next name."""
        if collection.resource.kind == "Event":
            again = {**body, "metadata": {**body["metadata"], "name": f"{body['metadata']['name']}.2"}}
            await self._cluster.create(collection, again, options)
        return await self._cluster.create(collection, body, options)


class WritesWhatNobodyKnows(Meddler):
    """Puts a field into the status that the schema does not have."""

    def meddled(self, target: Target, body: Json) -> Json:
        """With a field of its own."""
        if target.subresource != "status" or target.resource.kind != "Rollout":
            return body
        return {**body, "status": {**body["status"], "mood": "good"}}


def greets_anew() -> Decide:
    """Says in the status since when it is there, which a restart makes another time."""
    since: list[datetime] = []

    def vain(snapshot: Snapshot, now: datetime) -> Plan:
        plan = decide_ahead(snapshot, now)
        since.append(now)
        return replace(plan, status=replace(plan.status, message=f"at your service since {since[0]}"))

    return vain


def forgets_pauses() -> Decide:
    """Holds in memory which pauses it has begun: those of another life are over."""
    begun: set[tuple[str, int | None]] = set()

    def forgetful(snapshot: Snapshot, now: datetime) -> Plan:
        rollout = snapshot.rollout
        if rollout.status.pauses and (rollout.status.current, rollout.status.step) not in begun:
            snapshot = replace(snapshot, rollout=replace(rollout, status=replace(rollout.status, pauses=())))
        plan = decide_ahead(snapshot, now)
        if plan.status.pauses:
            begun.add((plan.status.current, plan.status.step))
        return plan

    return forgetful
