"""The manner of rollouts that move by events. Called by reconcile; made by wiring."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from rollouts.cluster.kinds import ROLLOUTS
from rollouts.cluster.port import Json, Resource
from rollouts.controller.apply import TRAFFIC_ROUTING_ERROR
from rollouts.controller.observe import Observer, World, snapshot_of
from rollouts.controller.plugins.registry import StepPlugins
from rollouts.controller.pods import Pods
from rollouts.controller.rendering import rendered_effect
from rollouts.controller.verify import Outside, answer, nobody
from rollouts.decide.duration import Ended, ended_between
from rollouts.dialects.argo.status import project
from rollouts.model.alerts import Alert
from rollouts.model.effects import Effect
from rollouts.model.objects import Ref
from rollouts.model.plan import Event
from rollouts.model.questions import Answer, Question
from rollouts.model.snapshot import Failure, Snapshot
from rollouts.model.status import Status
from rollouts.traffic.protocol import Rendered


class Rolling:
    """Decisions see what was refused, and nobody listens but Kubernetes."""

    def __init__(self, observer: Observer, pods: Pods, plugins: StepPlugins) -> None:
        self._observer = observer
        self._pods = pods
        self._plugins = plugins
        self.outside: Outside = nobody
        self.on_attempt: Callable[[Ended], None] = lambda _ended: None

    @property
    def resource(self) -> Resource:
        """Rollouts."""
        return ROLLOUTS

    @property
    def routing_trouble(self) -> str:
        """Argo's."""
        return TRAFFIC_ROUTING_ERROR

    async def gather(self, manifest: Json) -> World:
        """What is around this rollout now."""
        return await self._observer.gather(manifest)

    async def refresh(self, ref: Ref, keep: Callable[[Json], bool] = lambda _obj: True) -> Json | None:
        """Read an object past the caches."""
        return await self._observer.refresh(ref, keep)

    def see(
        self, world: World, answers: Mapping[Question, Answer], failures: Iterable[Failure], _now: datetime
    ) -> Snapshot:
        """The world as a decision sees it."""
        return snapshot_of(world, answers, failures)

    async def render(self, effect: Effect, world: World, _wanted: Status) -> Rendered:
        """What an effect asks of the cluster."""
        return rendered_effect(effect, world)

    def project(self, status: Status, world: World) -> Json:
        """The whole status as it is written."""
        return project(status, world.rollout)

    async def answer(self, question: Question, world: World) -> Answer:
        """What the world says."""
        return await answer(question, world, self._pods, self._plugins, self.outside)

    def stuck(self, _failure: Failure) -> tuple[Event, ...]:
        """Nothing: the next decision sees it, and tells it by a condition."""
        return ()

    def reported(self, world: World, status: Status) -> None:
        """An attempt may have ended."""
        ended = ended_between(world.rollout.status, status)
        if ended is not None:
            self.on_attempt(ended)

    def announce(self, _world: World, _events: Iterable[Event], _alerts: Iterable[Alert]) -> None:
        """Nobody listens."""
