"""The state of a rollout between two rounds: all of it is in the cluster, nothing in memory.

One status for both dialects; `dialects/*/status.py` project it, to the letter, and read it back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from rollouts.model.weights import Shares


class Phase(StrEnum):
    """Where a rollout stands. The first four are Argo's; a ticking rollout uses the others."""

    PROGRESSING = "Progressing"
    PAUSED = "Paused"
    HEALTHY = "Healthy"
    DEGRADED = "Degraded"
    INITIALIZING = "Initializing"
    INITIALIZED = "Initialized"
    WAITING = "Waiting"
    WAITING_PROMOTION = "WaitingPromotion"
    PROMOTING = "Promoting"
    FINALISING = "Finalising"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    TERMINATING = "Terminating"


@dataclass(frozen=True, slots=True)
class PauseCondition:
    """Why progress stands still, since when. Reasons: CanaryPauseStep, BlueGreenPause, Inconclusive…."""

    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as Kubernetes writes it; `status` is True, False or Unknown."""

    type: str
    status: str
    reason: str
    message: str
    updated: datetime
    changed: datetime


@dataclass(frozen=True, slots=True)
class AnalysisStatus:
    """The analysis that this rollout started last for one role."""

    name: str
    phase: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class PluginStatus:
    """How far a step plugin came. `operation` is Run, Terminate or Abort; `state` is the plugin's own, kept for it.

    `phase` is Running, Successful, Failed or Error; `backoff` the time until it is asked again.
    """

    index: int
    name: str
    operation: str
    phase: str
    message: str = ""
    started: datetime | None = None
    updated: datetime | None = None
    finished: datetime | None = None
    backoff: timedelta | None = None
    executions: int = 0
    is_disabled: bool = False
    state: Any = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at an update, for status.duration: when it began, its manual pauses, how and when it ended.

    `outcome` is Promoted, FastPromoted, Aborted, RolledBack or FastRolledBack, "" while it goes on. `paused_seconds`
    None means that nobody ever paused it by hand.
    """

    started: datetime
    paused_since: datetime | None = None
    paused_seconds: int | None = None
    finished: datetime | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """Pods of the rollout, summed as its strategy wants it."""

    replicas: int = 0
    updated: int = 0
    ready: int = 0
    available: int = 0
    autoscaled: int = 0  # status.HPAReplicas


@dataclass(frozen=True, slots=True)
class CanaryStatus:
    """What only a canary has. `shares` are the recorded weights, `verified` what the route's owner says of them.

    `experiment` names the current step's Experiment; `stable_side` is "ping" or "pong", "" without ping-pong.
    """

    shares: Shares | None = None
    verified: bool | None = None
    step_analysis: AnalysisStatus | None = None
    background: AnalysisStatus | None = None
    experiment: str = ""
    stable_side: str = ""
    plugins: tuple[PluginStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class BlueGreenStatus:
    """What only blue-green has: hashes read from the Services, the latch of the preview's size, its analyses."""

    active: str = ""
    preview: str = ""
    may_grow: bool = False
    pre_promotion: AnalysisStatus | None = None
    post_promotion: AnalysisStatus | None = None


@dataclass(frozen=True, slots=True)
class Cookies:
    """Cookies as `name=value`: of users on the new version, of those of the last run, of users on the copy."""

    new: str = ""
    former: str = ""
    copy: str = ""


@dataclass(frozen=True, slots=True)
class TickStatus:
    """What only a ticking rollout has. `applied` and `promoted` are hashes of the target's template, `configs` those of
    the configuration that it was tried with.

    `failed_checks` adds up over a run; `rounds` are those of a strategy without weights; `ticked` is the last tick that
    counted.
    """

    failed_checks: int = 0
    weight: int = 0
    rounds: int = 0
    applied: str = ""
    promoted: str = ""
    ticked: datetime | None = None
    configs: Mapping[str, str] | None = None
    cookies: Cookies = Cookies()


@dataclass(frozen=True, slots=True)
class Status:
    """A rollout's status. `stable` and `current` are template hashes; `step` is None without steps."""

    observed_generation: str = ""
    phase: Phase | None = None
    message: str = ""
    current: str = ""
    stable: str = ""
    step: int | None = None
    steps_hash: str = ""
    collisions: int | None = None
    counts: Counts = Counts()
    selector: str = ""
    is_aborted: bool = False
    aborted_at: datetime | None = None
    pauses: tuple[PauseCondition, ...] = ()
    paused_by_controller: bool = False
    promote_fully: bool = False
    restarted_at: datetime | None = None
    workload_generation: str = ""
    attempt: Attempt | None = None
    canary: CanaryStatus = CanaryStatus()
    blue_green: BlueGreenStatus = BlueGreenStatus()
    ticks: TickStatus = TickStatus()
    conditions: tuple[Condition, ...] = ()

    def condition(self, type_: str) -> Condition | None:
        """The condition of this type, if there is one."""
        return next((c for c in self.conditions if c.type == type_), None)

    def paused_for(self, reason: str) -> PauseCondition | None:
        """The pause with this reason, if there is one."""
        return next((p for p in self.pauses if p.reason == reason), None)


DEFAULT_SCALE_DOWN_DELAY = timedelta(seconds=30)
