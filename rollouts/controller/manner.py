"""What kinds of rollouts do differently in a round: how their worlds are gathered, seen, changed and told of.

Called by reconcile and apply, which make the rounds of every kind alike. `Rolling` (controller/rolling) is that of
rollouts that move by events, `Ticking` (controller/ticking/manner) that of those that move by the beat of a clock.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol, TypeVar

from rollouts.cluster.port import Json, Resource
from rollouts.controller.observe import World
from rollouts.model.alerts import Alert
from rollouts.model.effects import Effect
from rollouts.model.objects import Ref
from rollouts.model.plan import Event
from rollouts.model.questions import Answer, Question
from rollouts.model.snapshot import Failure, Snapshot
from rollouts.model.status import Status
from rollouts.traffic.protocol import Rendered

W = TypeVar("W", bound=World)


def _any(_obj: Json) -> bool:
    return True


class Manner(Protocol[W]):
    """One kind of rollouts, as a round needs it."""

    @property
    def resource(self) -> Resource:
        """What its manifests are called."""
        ...

    @property
    def routing_trouble(self) -> str:
        """The reason of events that tell what keeps a route from being written."""
        ...

    async def gather(self, manifest: Json) -> W:
        """What is around this rollout now."""
        ...

    async def refresh(self, ref: Ref, keep: Callable[[Json], bool] = _any) -> Json | None:
        """Read an object past the caches; what exists (and is to be kept) enters them, what does not leaves them."""
        ...

    def see(self, world: W, answers: Mapping[Question, Answer], failures: Iterable[Failure], now: datetime) -> Snapshot:
        """The world as a decision sees it."""
        ...

    async def render(self, effect: Effect, world: W, wanted: Status) -> Rendered:
        """What an effect asks of the cluster, as things stand; `wanted` is the status that will say it is done."""
        ...

    def project(self, status: Status, world: W) -> Json:
        """The whole status as it is written."""
        ...

    async def answer(self, question: Question, world: W) -> Answer:
        """What the world says."""
        ...

    def stuck(self, failure: Failure) -> tuple[Event, ...]:
        """What is told of an effect that was refused for good; nothing where the next decision tells it."""
        ...

    def reported(self, world: W, status: Status) -> None:
        """This status was written: count what it ends."""
        ...

    def announce(self, world: W, events: Iterable[Event], alerts: Iterable[Alert]) -> None:
        """Tell whoever listens beside Kubernetes; returns at once."""
        ...
