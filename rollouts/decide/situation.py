"""What a stage sees and what it answers. The fold in decide/__init__ carries a Situation through a tuple of stages.

A Situation is the snapshot plus what earlier stages of the same round have decided: the status as they left it, and
versions and Services as they will be once the effects are carried out. "Observed" always means the round's start.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import reduce

from rollouts.model.alerts import Alert
from rollouts.model.effects import (
    DelayScaleDown,
    Effect,
    MarkVersion,
    NumberVersion,
    PlaceVersion,
    PointService,
    RefreshVersion,
    ScaleVersion,
)
from rollouts.model.plan import Event
from rollouts.model.questions import Question
from rollouts.model.rollout import Rollout
from rollouts.model.snapshot import Snapshot
from rollouts.model.status import Status
from rollouts.model.workload import Version


class Ends(Enum):
    """How far a step ends the round: not at all, all further acting, or closing too."""

    NOTHING = auto()
    ACTING = auto()
    ROUND = auto()


RETRY = timedelta(seconds=30)
"""How long what the API server refused is left alone."""


@dataclass(frozen=True, slots=True)
class Step:
    """A stage's answer: what to do, what to say, the status from here on, and whether the round goes on.

    `abort` is the reason of an abort that this step begins ("" for a user's own).
    """

    effects: tuple[Effect, ...] = ()
    events: tuple[Event, ...] = ()
    alerts: tuple[Alert, ...] = ()
    questions: tuple[Question, ...] = ()
    errands: tuple[Question, ...] = ()
    status: Status | None = None
    wake_at: datetime | None = None
    reason: str = ""
    ends: Ends = Ends.NOTHING
    abort: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """One moment of one round."""

    snapshot: Snapshot
    now: datetime
    status: Status
    versions: tuple[Version, ...]
    pointed: tuple[tuple[str, str], ...] = ()
    effects: tuple[Effect, ...] = ()
    events: tuple[Event, ...] = ()
    alerts: tuple[Alert, ...] = ()
    questions: tuple[Question, ...] = ()
    errands: tuple[Question, ...] = ()
    wakes: tuple[datetime, ...] = ()
    reason: str = ""
    abort: str = ""

    @property
    def rollout(self) -> Rollout:
        """The rollout as observed."""
        return self.snapshot.rollout

    @property
    def observed(self) -> Status:
        """The status at the round's start."""
        return self.snapshot.rollout.status

    @property
    def new(self) -> Version | None:
        """The version of the wanted template, if it is there."""
        return next((v for v in self.versions if v.name == self.snapshot.new), None)

    @property
    def stable(self) -> Version | None:
        """The version that was fully promoted last, if it is there."""
        return self.version_of(self.observed.stable)

    @property
    def others(self) -> tuple[Version, ...]:
        """Neither new nor stable, newest revision first."""
        kept = {self.snapshot.new, self.stable.name if self.stable else None}
        return tuple(sorted((v for v in self.versions if v.name not in kept), key=lambda v: -v.revision))

    @property
    def is_initial(self) -> bool:
        """Nothing was ever promoted."""
        return not self.observed.stable or self.stable is None

    @property
    def is_way_back(self) -> bool:
        """The wanted version was overtaken a moment ago, and still runs, or is one that users may go back to at once.

        An aborted one served nobody: no way back.
        """
        if self.observed.aborted_at is not None:
            return False
        is_waiting = any(v.name == self.snapshot.new and v.scale_down_at is not None for v in self.snapshot.versions)
        return is_waiting or self.is_in_window

    @property
    def is_in_window(self) -> bool:
        """The wanted version is older than stable, with fewer versions made in between than rollbackWindow allows."""
        window, new, stable = self.rollout.rollback_window, self.new, self.stable
        if window is None or new is None or stable is None or new.created >= stable.created:
            return False
        return sum(new.created < version.created < stable.created for version in self.versions) < window

    @property
    def is_promoted(self) -> bool:
        """The wanted template is the stable one, as observed."""
        return self.observed.stable != "" and self.observed.stable == self.observed.current

    @property
    def is_held(self) -> bool:
        """A person holds the rollout by spec.paused, and nobody has asked for a full promotion, which would hang."""
        return self.rollout.is_paused and not self.observed.promote_fully

    @property
    def template_changed(self) -> bool:
        """The user wants another template or other steps than the status knows."""
        return self.current_hash != self.observed.current or self.rollout.steps_hash != self.observed.steps_hash

    @property
    def current_hash(self) -> str:
        """Hash of the wanted template; that of an adopted version where it has an older form of hash."""
        return self.new.hash if self.new else self.rollout.target

    def version_of(self, template_hash: str) -> Version | None:
        """The version with this hash."""
        return next((v for v in self.versions if template_hash and v.hash == template_hash), None)

    def service_hash(self, name: str) -> str:
        """The hash that a Service selects, effects of this round counted in; "" where it selects none."""
        pointed = dict(self.pointed)
        if name in pointed:
            return pointed[name]
        service = self.snapshot.services.get(name)
        return service.hash if service else ""

    def after(self, step: Step) -> "Situation":
        """The situation that the next stage sees."""
        return replace(
            self,
            status=self.status if step.status is None else step.status,
            versions=tuple(reduce(changed, step.effects, version) for version in self.versions),
            pointed=(*self.pointed, *((e.service, e.hash) for e in step.effects if isinstance(e, PointService))),
            effects=self.effects + step.effects,
            events=self.events + step.events,
            alerts=self.alerts + step.alerts,
            questions=self.questions + step.questions,
            errands=self.errands + step.errands,
            wakes=self.wakes if step.wake_at is None else (*self.wakes, step.wake_at),
            reason=step.reason or self.reason,
            abort=step.abort or self.abort,
        )


def together(steps: Iterable[Step | None], ends: Ends = Ends.NOTHING) -> Step | None:
    """Several small answers as one; it ends what `ends` says if it does anything. None where nobody answered."""
    told = [step for step in steps if step is not None]
    if not told:
        return None
    effects = tuple(effect for step in told for effect in step.effects)
    return Step(
        effects,
        tuple(event for step in told for event in step.events),
        questions=tuple(question for step in told for question in step.questions),
        wake_at=min((step.wake_at for step in told if step.wake_at), default=None),
        reason=next((step.reason for step in told if step.reason), ""),
        ends=ends if effects else Ends.NOTHING,
    )


Stage = Callable[[Situation], Step | None]


@dataclass(frozen=True, slots=True)
class Course:
    """Stages that act, in order until one ends the acting; then stages that close, all of them."""

    acting: tuple[Stage, ...]
    closing: tuple[Stage, ...]


def marked(version: Version, effect: MarkVersion) -> Version:
    """The version once this is carried out."""
    if effect.is_pending:
        return replace(version, pending=effect.metadata)
    return replace(version, metadata=effect.metadata, pending=None)


def changed(version: Version, effect: Effect) -> Version:
    """The version once this effect is carried out; pods and readiness are for the cluster to report."""
    match effect:
        case ScaleVersion(name=version.name, replicas=size, desired=desired):
            until = version.scale_down_at if effect.keeps_delay else None
            return replace(version, replicas=size, desired_then=desired, scale_down_at=until)
        case DelayScaleDown(name=version.name, until=until):
            return replace(version, scale_down_at=until)
        case NumberVersion(name=version.name, revision=revision, former=former):
            return replace(version, revision=revision, former_revisions=former)
        case MarkVersion(name=version.name):
            return marked(version, effect)
        case PlaceVersion(name=version.name, keeps_off=other):
            return replace(version, keeps_off=other)
        case RefreshVersion(name=version.name):
            return replace(version, is_dated=False)
        case _:
            return version
