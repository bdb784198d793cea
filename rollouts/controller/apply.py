"""Effects made real, in order. Called by reconcile; renders each one on the objects as they are by then.

Every answer enters the caches at once, so the next effect, and the next round, stand on it. An effect that the server
refuses for good ends the round and comes back as a Failure in the next Snapshot; one that it refuses for now (conflict,
overload, no answer) raises, and the queue tries again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic

from analysis.errors import AnalysisError, ArgumentError
from rollouts.cluster.errors import (
    AlreadyExistsError,
    BadRequestError,
    ClusterError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    MethodNotAllowedError,
    NotFoundError,
    UnsupportedMediaTypeError,
)
from rollouts.controller.caches import Caches, controller_of
from rollouts.controller.echo import is_echo
from rollouts.controller.manner import Manner, W
from rollouts.controller.observe import World
from rollouts.controller.pods import Pods
from rollouts.controller.resources import MANAGER, Resources
from rollouts.controller.verify import Outside, nobody
from rollouts.controller.wakers import key_of
from rollouts.model.effects import (
    AdoptVersion,
    Effect,
    EvictPod,
    MarkPods,
    ShiftTraffic,
    StartAnalysis,
)
from rollouts.model.objects import Change, Create, Json, Modify, Remove, ref_of
from rollouts.model.plan import Event, Plan
from rollouts.model.snapshot import Failure
from rollouts.model.status import Status
from rollouts.traffic.protocol import Rendered
from rollouts.workloads.replicasets import find_new

TRAFFIC_ROUTING_ERROR = "TrafficRoutingError"

REFUSALS = (
    AlreadyExistsError,
    BadRequestError,
    ForbiddenError,
    InvalidError,
    MethodNotAllowedError,
    NotFoundError,
    UnsupportedMediaTypeError,
)
"""What the server will say again to the same request: a decision has to see it."""


@dataclass(slots=True)
class Outcome:
    """What became of a round's effects: those done, what ended the round before its end, and the events of the routes.

    `failure` is for the next decision to see; `error` is for now, and the round is made again. What is `put_off`
    holds up nothing: the plan's own wake-up tries it again. Of `done` those that are `idle` found all as they want it.
    What was `cut_off` may have changed something all the same: an answer was lost, or a second write refused.
    """

    done: list[Effect] = field(default_factory=list)
    idle: list[Effect] = field(default_factory=list)
    put_off: list[Effect] = field(default_factory=list)
    failure: Failure | None = None
    error: ClusterError | None = None
    cut_off: Effect | None = None
    events: list[Event] = field(default_factory=list)

    @property
    def moved(self) -> list[Effect]:
        """Those that have changed something, for all that is known."""
        return [*self.felt, *([] if self.cut_off is None else [self.cut_off])]

    @property
    def felt(self) -> list[Effect]:
        """Those that changed something; only they can be answered by anybody."""
        return [effect for effect in self.done if effect not in self.idle]


class Applier(Generic[W]):
    """Carries out effects for one rollout at a time."""

    def __init__(self, caches: Caches, resources: Resources, manner: Manner[W], pods: Pods) -> None:
        self._pods = pods
        self._caches = caches
        self._resources = resources
        self._manner = manner
        self.outside: Outside = nobody
        self.on_correction: Callable[[str, str], None] = lambda _namespace, _name: None

    async def apply_effects(self, world: W, plan: Plan) -> Outcome:
        """All of them, or those before the first that does not go."""
        outcome = Outcome()
        for effect in plan.effects:
            try:
                by_now = await self._by_now(world) if outcome.done else world
                outcome.failure = await self._apply(by_now, effect, outcome, plan.status)
            except ClusterError as error:
                outcome.error = error
            if outcome.failure is not None or outcome.error is not None:
                outcome.cut_off = effect
                break
            if effect not in outcome.put_off:
                outcome.done.append(effect)
        return outcome

    async def _by_now(self, world: W) -> W:
        held = self._caches.find(ref_of(world.manifest)) or world.manifest
        if held["metadata"].get("uid") != world.manifest["metadata"].get("uid"):
            raise ConflictError(f"{held['metadata']['name']} was deleted and made anew during the round")
        return await self._manner.gather(held)

    async def _apply(self, world: W, effect: Effect, outcome: Outcome, wanted: Status) -> Failure | None:
        if isinstance(effect, EvictPod):
            await self._evict(world, effect, outcome)
            return None
        if isinstance(effect, MarkPods):
            return await self._mark(world, effect)
        if isinstance(effect, AdoptVersion):
            await self._recheck(world)
        try:
            rendered = await self._manner.render(effect, world, wanted)
        except ArgumentError as error:  # a template went since the decision, or a field of the status is not there
            outcome.events.append(Event("ReconciliationError", f"the analysis cannot start: {error}", is_warning=True))
            return Failure(effect, reason="Invalid", message=str(error))
        failure = await self._carry_out_all(world, effect, rendered, outcome)
        if failure is not None:
            if isinstance(effect, ShiftTraffic) and failure.reason != AlreadyExistsError.reason:
                outcome.events.append(Event(self._manner.routing_trouble, failure.message, is_warning=True))
            return failure
        outcome.events.extend(rendered.events)
        trouble = rendered.error or await self._tell_plugins(rendered)
        if trouble:
            outcome.events.append(Event(self._manner.routing_trouble, trouble, is_warning=True))
            return Failure(effect, reason=TRAFFIC_ROUTING_ERROR, message=trouble)
        if not rendered.changes and not rendered.calls:
            outcome.idle.append(effect)
        return None

    async def _carry_out_all(self, world: W, effect: Effect, rendered: Rendered, outcome: Outcome) -> Failure | None:
        """The changes in their order, or those before the first that is refused for good."""
        for change in rendered.changes:
            if isinstance(effect, ShiftTraffic) and effect.is_correction:
                outcome.events.extend(await self._corrected(world, change))
            try:
                await self._carry_out(world, change)
            except REFUSALS as error:
                failure = await self._failure(world, effect, change, error)
                if failure is not None:
                    return failure
        return None

    async def _corrected(self, world: W, change: Change) -> tuple[Event, ...]:
        """What is to be said, and counted, when somebody else's change is set right."""
        now = await self._resources.read(change.ref) if isinstance(change, Modify) else None
        if now is None:
            return ()
        self.on_correction(world.rollout.namespace, world.rollout.name)
        ref, who = change.ref, foreign_manager(now)
        text = f"{ref.kind} {ref.name} was changed by {who}: it is set back to the weights that the rollout holds"
        return (Event("RouteCorrected", text, is_warning=True),)

    async def _tell_plugins(self, rendered: Rendered) -> str:
        """The calls that routers ask for; what stands in the way of one, "" where all have been taken."""
        for call in rendered.calls:
            try:
                await self.outside(call.request)
            except AnalysisError as error:
                return str(error)
            call.took(call)
        return ""

    async def _recheck(self, world: W) -> None:
        """Past the caches: only a rollout that is still there, and stays, may become an owner."""
        now = await self._manner.refresh(ref_of(world.manifest))
        meta = now["metadata"] if now is not None else {}
        if meta.get("uid") != world.rollout.uid or meta.get("deletionTimestamp") is not None:
            raise ConflictError(f"{world.rollout.name} was deleted before it could adopt")

    async def _evict(self, world: W, effect: EvictPod, outcome: Outcome) -> None:
        refusal = await self._pods.evict(world, effect)
        if refusal:
            outcome.put_off.append(effect)
            text = f"Pod {effect.name} is not restarted yet: {refusal}"
            outcome.events.append(Event("EvictionRefused", text, is_warning=True))

    async def _mark(self, world: W, effect: MarkPods) -> Failure | None:
        try:
            await self._pods.mark(world, effect)
        except REFUSALS as error:
            return Failure(effect, reason=type(error).reason, message=error.message)
        return None

    async def _carry_out(self, world: W, change: Change) -> None:
        before = self._caches.find(change.ref)
        try:
            answer = await self._resources.carry_out(change)
        except ConflictError:
            await self._manner.refresh(change.ref)
            raise
        if answer is not None:
            is_known = (
                is_echo(before, change.body, answer) if isinstance(change, Modify) else isinstance(change, Create)
            )
            self._caches.put(answer, unheard_by=key_of(world.manifest, self._manner.resource) if is_known else None)
        elif isinstance(change, Remove):
            self._caches.drop(change.ref)

    async def _failure(self, world: W, effect: Effect, change: Change, error: ClusterError) -> Failure | None:
        """The refusal as the next decision sees it; None for a create that had taken effect before."""
        is_mismatch = isinstance(error, AlreadyExistsError | NotFoundError)
        existing = await self._manner.refresh(change.ref) if is_mismatch else None
        is_ours = existing is not None and is_own(existing, world)
        if is_ours and isinstance(effect, StartAnalysis):
            return None
        return Failure(effect, reason=type(error).reason, message=error.message, is_ours=is_ours)


def foreign_manager(obj: Json) -> str:
    """Who has written to an object last, but for us and for its status; by its managed fields."""
    entries = [e for e in obj["metadata"].get("managedFields") or () if not e.get("subresource")]
    others = [entry for entry in entries if entry.get("manager") != MANAGER]
    last = max(others, key=lambda entry: str(entry.get("time", "")), default={"manager": "somebody"})
    return str(last.get("manager") or "somebody")


def is_own(existing: Json, world: World) -> bool:
    """Whether an object that stood in the way is what we wanted to make: ours by uid, and for a version by template."""
    if controller_of(existing) != world.rollout.uid:
        return False
    if existing.get("kind") != "ReplicaSet":
        return True
    return find_new(world.manifest, world.rollout, (existing,)) is not None
