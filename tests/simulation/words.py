"""What must hold about words: what users ask for, what events tell, what the status says. Asked by the witness."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from rollouts.cluster.errors import AlreadyExistsError, BadRequestError, InvalidError, TooManyRequestsError
from rollouts.cluster.port import Json
from tests.simulation.faults import WRITES
from tests.simulation.invariants import HASH, REVISION, Watching, weights_of
from tests.simulation.witness import BUSYWORK, Actor, Mirror, Request, Seen, Verdicts

CRDS = Path(__file__).parents[2] / "crds"
STEP_PAUSES = ("CanaryPauseStep", "BlueGreenPause")


class UsersWordIsKept(Watching):
    """What a user asked for by abort, retry, promote or a skipped step is never taken back by the controller."""

    name = "users' word is kept"

    def __init__(self) -> None:
        self._lifted: Json | None = None
        self._asked = ""

    def saw(self, seen: Seen, world: Mirror) -> Verdicts:
        """Each change of a rollout's status."""
        if seen.plural == "rollouts" and seen.before is None:
            self._lifted, self._asked = None, ""
        if seen.plural != "rollouts" or seen.before is None or seen.after is None:
            return
        was, now = _status(seen.before), _status(seen.after)
        if seen.actor is Actor.USER:
            self._remember(was, now)
            if seen.before["spec"] != seen.after["spec"] or _is_ambiguous(seen.after):
                self._asked = ""
        elif seen.actor is Actor.CONTROLLER:
            is_new_update = any(was.get(key) != now.get(key) for key in ("currentPodHash", "currentStepHash"))
            yield from _abort_kept(was, now, is_free=is_new_update)
            yield from _abort_has_cause(was, now, world)
            yield from _full_promotion_kept(was, now, is_free=is_new_update)
            yield from self._pause_stays_lifted(was, now, is_free=is_new_update)
            yield from _step_kept(was, now, is_free=is_new_update)

    def ended(self, world: Mirror) -> Verdicts:
        """The last word of all stands, or has become true."""
        for rollout in world.all("rollouts"):
            status = _status(rollout)
            is_stable = bool(status.get("stableRS")) and status.get("stableRS") == status.get("currentPodHash")
            if self._asked == "abort":
                yield "" if is_stable or status.get("abort") else "the abort was forgotten"
            if self._asked == "promoteFull":
                yield "" if is_stable or status.get("promoteFull") else "the full promotion was forgotten"

    def _remember(self, was: Json, now: Json) -> None:
        asked = [key for key in ("promoteFull", "abort") if now.get(key)]  # a full promotion overrules an abort
        self._asked = asked[0] if asked else ""
        if was.get("pauseConditions") and not now.get("pauseConditions"):
            self._lifted = was
        elif was.get("abort") != now.get("abort"):
            self._lifted = None

    def _pause_stays_lifted(self, was: Json, now: Json, *, is_free: bool) -> Verdicts:
        """A pause that was lifted does not begin again at the same step of the same update."""
        if is_free or (self._lifted or {}).get("currentStepIndex") != now.get("currentStepIndex") or now.get("abort"):
            self._lifted = None
        if self._lifted is not None and was.get("pauseConditions") != now.get("pauseConditions"):
            again = [p["reason"] for p in now.get("pauseConditions") or () if p["reason"] in STEP_PAUSES]
            yield f"the lifted pause is back: {again}" if again else ""


def _is_ambiguous(rollout: Json) -> bool:
    """Whether a request may mean the update that is under way, or the template that nobody has looked at yet."""
    status = _status(rollout)
    is_seen = status.get("observedGeneration") == str(rollout["metadata"]["generation"])
    return not is_seen and status.get("stableRS") != status.get("currentPodHash")


def _abort_kept(was: Json, now: Json, *, is_free: bool) -> Verdicts:
    if was.get("abort") and was != now:
        is_moot = was.get("stableRS") in (None, "", was.get("currentPodHash"))
        is_kept = now.get("abort") or is_free or is_moot or was.get("promoteFull")
        yield "" if is_kept else "an abort was taken back"


def _abort_has_cause(was: Json, now: Json, world: Mirror) -> Verdicts:
    """The controller aborts by itself only where an analysis of the version went wrong, or where it took too long."""
    if now.get("abort") and not was.get("abort"):
        runs = [
            run for run in world.all("analysisruns") if run["metadata"]["labels"].get(HASH) == now["currentPodHash"]
        ]
        has_cause = any(_status(run).get("phase") in ("Failed", "Error") for run in runs) or _is_late(now)
        yield "" if has_cause else "an abort that nobody asked for"


def _is_late(status: Json) -> bool:
    """Whether it was the deadline that ended the update."""
    return any("has timed out progressing." in condition["message"] for condition in status.get("conditions") or ())


def _full_promotion_kept(was: Json, now: Json, *, is_free: bool) -> Verdicts:
    if was.get("promoteFull") and was != now:
        is_done = now.get("stableRS") == now.get("currentPodHash")
        yield "" if now.get("promoteFull") or is_free or is_done else "a full promotion was taken back"


def _step_kept(was: Json, now: Json, *, is_free: bool) -> Verdicts:
    before, after = was.get("currentStepIndex"), now.get("currentStepIndex")
    if before is not None and before != after and not is_free and not now.get("abort"):
        yield "" if after is not None and after > before else f"the step went back from {before} to {after}"


class EventsTellOnce(Watching):
    """No event tells more often of a thing than the thing has happened; a status may follow a moment later."""

    name = "events tell once"

    def __init__(self) -> None:
        self._happened: Counter[str] = Counter()
        self._told: Counter[str] = Counter()
        self._doubts: list[tuple[datetime, str, int]] = []

    def saw(self, seen: Seen, world: Mirror) -> Verdicts:
        """Each event that is written, and each thing that they tell of."""
        if seen.plural == "events" and seen.before is None and seen.after is not None:
            if seen.after["reason"] in _COUNTED and not _is_unseen(seen.after, world):
                text = _text_of(seen.after)
                self._told[text] += 1
                self._doubts.append((seen.at + world.patience + LONGEST_WAIT, text, self._told[text]))
        elif seen.actor is not Actor.CLUSTER:
            self._happened.update(_things(seen, world))
        yield from self._judged(seen.at)

    def ended(self, world: Mirror) -> Verdicts:
        """What is left to judge."""
        yield from self._judged(world.now + world.patience + 2 * LONGEST_WAIT)

    def _judged(self, now: datetime) -> Verdicts:
        """Verdicts on what had time enough to become true."""
        while self._doubts and self._doubts[0][0] < now:
            _, text, told = self._doubts.pop(0)
            is_true = told <= self._happened[text]
            yield "" if is_true else f"told {told} times, true {self._happened[text]} times: {text}"


LONGEST_WAIT = timedelta(seconds=2)
"""So long a status may wait for a change that matters, though its events are told."""

_COUNTED = (
    "ScalingReplicaSet",
    "NewReplicaSetCreated",
    "RolloutUpdated",
    "SwitchService",
    "TrafficWeightUpdated",
    "RolloutCompleted",
    "RolloutStepCompleted",
    "RolloutPaused",
)


def _things(seen: Seen, world: Mirror) -> Iterator[str]:
    """What happens with a change, in the words of the event that tells of it, up to its first bracket."""
    if seen.after is None:
        return
    if seen.plural == "replicasets":
        yield from _things_of_replica_set(seen.before, seen.after)
    elif seen.plural == "services" and seen.before is not None:
        was, now = (obj["spec"].get("selector", {}).get(HASH, "") for obj in (seen.before, seen.after))
        if was != now:
            name = seen.after["metadata"]["name"]
            yield f"SwitchService: Switched selector for service '{name}' from '{was}' to '{now}'"
    elif seen.plural == "httproutes" and seen.before is not None:
        was, now = (weights_of(route)[0] for route in (seen.before, seen.after))
        for service in _canary_services(world):
            if was.get(service) != now.get(service):
                yield f"weight: {now.get(service, 0)}"
    elif seen.plural == "rollouts" and seen.before is not None:
        yield from _things_of_rollout(seen.before, seen.after)
    elif seen.plural == "rollouts":  # it knows of no weight yet, and finds that of its predecessor
        yield from (
            f"weight: {weight}" for route in world.all("httproutes") for weight in weights_of(route)[0].values()
        )


def _things_of_replica_set(before: Json | None, after: Json) -> Iterator[str]:
    name = after["metadata"]["name"]
    if before is None:
        yield f"NewReplicaSetCreated: Created ReplicaSet {name}"
        yield from [f"ScalingReplicaSet: Scaled up ReplicaSet {name}"] * after["spec"]["replicas"]
        if after["spec"]["replicas"]:
            yield f"ScalingReplicaSet: Scaled up ReplicaSet {name}"
    elif before["spec"]["replicas"] != after["spec"]["replicas"]:
        pods = after["spec"]["replicas"] - before["spec"]["replicas"]
        told = f"ScalingReplicaSet: Scaled {'up' if pods > 0 else 'down'} ReplicaSet {name}"
        yield from [told] * abs(pods)  # several rounds may be made at once, and are told one by one


def _things_of_rollout(before: Json, after: Json) -> Iterator[str]:
    revision = after["metadata"].get("annotations", {}).get(REVISION)
    if revision != before["metadata"].get("annotations", {}).get(REVISION):
        yield f"RolloutUpdated: Rollout updated to revision {revision}"
    was, now = _status(before), _status(after)
    if was.get("stableRS") != now.get("stableRS"):
        yield f"RolloutCompleted: Rollout completed update to revision {revision}"
    steps = (after["spec"]["strategy"].get("canary") or {}).get("steps") or ()
    is_anew = any(was.get(name) != now.get(name) for name in ("currentStepHash", "currentPodHash"))
    for index in range(0 if is_anew else was.get("currentStepIndex") or 0, now.get("currentStepIndex") or 0):
        yield f"RolloutStepCompleted: Rollout step {index + 1}/{len(steps)} completed"
    if now.get("pauseConditions") and now["pauseConditions"] != was.get("pauseConditions"):
        yield "RolloutPaused: Rollout is paused"


def _text_of(event: Json) -> str:
    """The event up to its first bracket; of a weight only where it went, since it may have come from elsewhere."""
    if event["reason"] == "TrafficWeightUpdated":
        return f"weight: {event['message'].rpartition(' ')[2]}"
    told = event["message"].partition(" (")[0]
    if event["reason"] == "ScalingReplicaSet":  # an experiment's has no revision
        told = told.partition(" from ")[0]
    return f"{event['reason']}: {told}"


def _canary_services(world: Mirror) -> set[str]:
    """The Services whose weight is the canary's."""
    return {_canary(rollout).get("canaryService", "") for rollout in world.all("rollouts")}


def _is_unseen(event: Json, world: Mirror) -> bool:
    """Ping and pong swap their roles, so that the canary's weight is another one and no route has changed."""
    return event["reason"] == "TrafficWeightUpdated" and any("pingPong" in _canary(r) for r in world.all("rollouts"))


def _canary(rollout: Json) -> Json:
    return rollout["spec"]["strategy"].get("canary") or {}


class StatusObeysTheSchema(Watching):
    """What the controller writes fits the CRD's schema, to the last field, and is refused by nobody."""

    name = "status obeys the schema"

    def heard(self, request: Request, world: Mirror) -> Verdicts:
        """Each status that was written, and each write that was refused as nonsense."""
        if isinstance(request.error, InvalidError) and "metadata.uid" in request.error.message:
            yield ""  # a guarded write: the object was deleted and made anew
        elif isinstance(request.error, InvalidError | BadRequestError):
            yield f"{request.site} was refused: {request.error}"
        elif request.answer is not None and request.site.place == "rollouts/status":
            lost = list(_lost(request.body["status"], request.answer["status"], "status"))
            faults = [str(error.message) for error in _schema().iter_errors(request.answer["status"])]
            yield "" if not lost + faults else f"{lost or faults}"


@cache
def _schema() -> Any:
    definition = yaml.safe_load((CRDS / "rollouts.yaml").read_text())
    version = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return jsonschema_rs.validator_for(version["properties"]["status"])


def _lost(sent: Any, kept: Any, path: str) -> Iterator[str]:
    """Fields that a patch sent and that the server has dropped, since its schema does not know them."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        for name, value in sent.items():
            if value is not None and name not in kept:
                yield f"{path}.{name}"
            else:
                yield from _lost(value, kept.get(name), f"{path}.{name}")


class Settles(Watching):
    """With nothing to do the controller does nothing. Judged by life.py, over a minute of calm."""

    name = "settles"

    @staticmethod
    def judged(requests: list[Request]) -> Verdicts:
        """The writes of a calm minute. A Lease has to be renewed; what a budget forbids is tried, and told, again."""
        tried = [r for r in requests if r.site.verb in WRITES and r.site.place not in BUSYWORK]
        writes = [r for r in tried if not isinstance(r.error, AlreadyExistsError | TooManyRequestsError)]
        yield (
            "" if not writes else f"{len(writes)} writes in a calm minute, the first: {writes[0].site} {writes[0].body}"
        )


def words() -> Iterator[Any]:
    """A fresh set of the invariants above."""
    yield from (UsersWordIsKept(), EventsTellOnce(), StatusObeysTheSchema(), Settles())


def _status(obj: Json) -> Json:
    return obj.get("status") or {}
