"""What a decision says: a value. The reason is the condition's message, the event and the log line."""

from dataclasses import dataclass, field
from datetime import datetime

from rollouts.model.alerts import Alert
from rollouts.model.effects import Effect
from rollouts.model.questions import Question
from rollouts.model.status import Status


@dataclass(frozen=True, slots=True)
class Event:
    """A Kubernetes event of the rollout. `reason` and `message` are API: users and tools match on them.

    `phase` is the one that webhooks of events are told ("": the observed one).
    """

    reason: str
    message: str
    is_warning: bool = False
    phase: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """One round. With questions there are no effects: the round ends, answers wake the next one. Nobody waits for
    `errands`: they are asked beside everything else.

    `status` is the whole new status (equal to the observed one: nothing is written). `wake_at` is None when only an
    event can change the verdict; otherwise it lies after `now`. `may_wait`: nobody waits for this status, and it is
    about to change again; it may be written a little later, and a round that is made until then comes to it again.
    `is_settled`: carried out, the plan leaves nothing to do before something else happens.
    """

    status: Status
    reason: str
    effects: tuple[Effect, ...] = ()
    questions: tuple[Question, ...] = ()
    errands: tuple[Question, ...] = ()
    events: tuple[Event, ...] = ()
    alerts: tuple[Alert, ...] = ()
    wake_at: datetime | None = None
    may_wait: bool = False
    is_settled: bool = False
