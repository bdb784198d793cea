"""What a decision says: a value. The reason is the condition's message, the event and the log line."""

from dataclasses import dataclass
from datetime import datetime

from rollouts.model.effects import Effect
from rollouts.model.questions import Question
from rollouts.model.status import Status


@dataclass(frozen=True, slots=True)
class Event:
    """A Kubernetes event of the rollout. `reason` and `message` are API: users and tools match on them."""

    reason: str
    message: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One round. With questions there are no effects: the round ends, answers wake the next one.

    `status` is the whole new status (equal to the observed one: nothing is written). `wake_at` is None when only an
    event can change the verdict; otherwise it lies after `now`.
    """

    status: Status
    reason: str
    effects: tuple[Effect, ...] = ()
    questions: tuple[Question, ...] = ()
    events: tuple[Event, ...] = ()
    wake_at: datetime | None = None
