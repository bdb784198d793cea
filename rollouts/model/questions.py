"""What a decision may ask the world before it goes on. The shell asks; answers join the next Snapshot.

Answers are kept by question, so a question must be a value: same question, same key.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rollouts.model.weights import Shares
from rollouts.model.workload import Pod


@dataclass(frozen=True, slots=True)
class VerifyWeight:
    """Do the routes carry these shares? Asked in the round after the write. Answer: Verified."""

    shares: Shares


@dataclass(frozen=True, slots=True)
class AskGate:
    """Does the webhook agree? Answer: GateAnswer.

    `phase` is what it is told of the rollout; `attempt` names the tick, so that the next tick asks afresh. `place` is
    that among webhooks of one name, address and moment, which differ by what they are told.
    """

    gate: str
    url: str
    moment: str
    phase: str
    attempt: str
    place: int = 0

    @property
    def asked_as(self) -> tuple[str, str, str]:
        """The webhook by name, address and moment."""
        return self.gate, self.url, self.moment


@dataclass(frozen=True, slots=True)
class AskMetric:
    """What does this check measure now? `attempt` as for gates, `source` as of the check. Answer: MetricAnswer."""

    name: str
    query: str
    attempt: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class AskStepPlugin:
    """Run, Terminate or Abort (`operation`) the plugin of a step. Answer: PluginAnswer.

    `attempt` names the update and how often the plugin has run in it, so that the next time is another question.
    """

    name: str
    index: int
    operation: str
    attempt: str


@dataclass(frozen=True, slots=True)
class AskPods:
    """Which pods do these versions (by name) have? Pods are in no cache. Answer: PodsSeen."""

    versions: tuple[str, ...]


Question = VerifyWeight | AskGate | AskMetric | AskPods | AskStepPlugin


@dataclass(frozen=True, slots=True)
class Verified:
    """The routers' verdict: True, False, or None where none can tell; `message` says what is missing."""

    verified: bool | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """Whether the gate agreed, and what it said if not."""

    is_open: bool
    message: str = ""


@dataclass(frozen=True, slots=True)
class PodsSeen:
    """The pods as they were when asked for; `error` says why they cannot be seen."""

    pods: tuple[Pod, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class MetricAnswer:
    """A measured value; None without an error where nothing was measured, else the reason why there is none."""

    value: float | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class PluginAnswer:
    """What a step plugin said: its phase ("": unchanged), its words, what it wants to remember, when to ask again.

    `error` says why there is no answer, `is_disabled` that the plugin is configured not to run.
    """

    phase: str = ""
    message: str = ""
    state: Any = None
    again_after: timedelta | None = None
    started: datetime | None = None
    error: str = ""
    is_disabled: bool = False


Answer = Verified | GateAnswer | MetricAnswer | PodsSeen | PluginAnswer
