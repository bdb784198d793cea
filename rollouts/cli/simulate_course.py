"""What a simulated release came to: looks at it second by second, the time line made of them, and who was harmed.

Filled by the stage, worded by simulate_report. A row stands for a moment at which something changed that people would
notice: the step, the weight, the size of a version, a verdict, the phase.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from rollouts.cli.canary import canary_of, is_blue_green, progress, step_index, steps_of
from rollouts.cli.explain_steps import pause_seconds, step_words
from rollouts.cli.info import HASH, sign_of
from rollouts.cli.phase import phase_of
from rollouts.cluster import kinds
from rollouts.cluster.port import Collection
from rollouts.simulator.scenario import Behaviour
from rollouts.simulator.store import Store
from rollouts.simulator.traffic.served import Served, Tally

Object = Mapping[str, Any]


class Ending(StrEnum):
    """How a release ends. WAITING: only a person can bring it further; STUCK: degraded, and not aborted."""

    PROMOTED = "promoted"
    ROLLED_BACK = "rolled back"
    WAITING = "waits for a person"
    STUCK = "stuck"
    UNFINISHED = "not finished in time"


class Size(NamedTuple):
    """Pods of a version."""

    ready: int = 0
    wanted: int = 0

    def __str__(self) -> str:
        return f"{self.ready}/{self.wanted}"


@dataclass(frozen=True, slots=True)
class Look:
    """The rollout at one moment. `weight` is the new version's share in percent, None where nothing tells it."""

    phase: str
    message: str
    step: str
    words: str
    weight: int | None
    stable: Size
    canary: Size
    stable_hash: str
    is_settled: bool
    is_aborted: bool
    needs_person: bool

    @classmethod
    def of(cls, rollout: Object, replica_sets: Sequence[Object]) -> "Look":
        """As the API server shows it."""
        status = rollout.get("status") or {}
        uid = rollout["metadata"].get("uid")
        mine = [
            rs for rs in replica_sets if any(o.get("uid") == uid for o in rs["metadata"].get("ownerReferences", ()))
        ]
        phase, message = phase_of(rollout)
        stable, current = status.get("stableRS", ""), status.get("currentPodHash", "")
        is_promoted = bool(stable) and stable == current
        return cls(
            phase=phase,
            message=message,
            step="" if is_promoted or status.get("abort") else _step(rollout),
            words="" if is_promoted else _words(rollout),
            weight=_weight(rollout, mine),
            stable=_size(mine, stable),
            canary=Size() if is_promoted else _size(mine, current),
            stable_hash=stable,
            is_settled=phase == "Healthy" and is_promoted,
            is_aborted=bool(status.get("abort")),
            needs_person=phase == "Paused" and _is_endless(rollout),
        )

    @property
    def about(self) -> tuple[object, ...]:
        """What has to change before the time line is worth another row."""
        is_full = self.canary.ready >= self.canary.wanted
        return self.phase, self.step, self.weight, self.canary.wanted, is_full, self.stable.wanted


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the time line; `after` counts from the release."""

    after: timedelta
    look: Look
    what: str
    sign: str = " "


@dataclass(slots=True)
class Harm:
    """Who was harmed by the new version, and who would have been had it got all traffic at once.

    `usual` is the old version's part of errors; a version that never has a larger one harms nobody.
    """

    served: Served
    image: str
    behaviour: Behaviour
    usual: float = 0.0
    is_worse: bool = False
    at_once: float = 0.0
    before: Tally = field(default_factory=Tally)
    total: Tally = field(default_factory=Tally)
    seen: Tally = field(default_factory=Tally)
    _since: int = 0
    _bad_before: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self.before, self._since = self.served.total, self.served.total.requests
        self._bad_before = self._of_image()

    def change(self, behaviour: Behaviour) -> None:
        """The version behaves otherwise from now on."""
        self._count()
        self.behaviour = behaviour

    def end(self) -> None:
        """The release is over."""
        self._count()
        self.total = self.served.total - self.before
        self.seen = self._of_image() - self._bad_before

    @property
    def spared(self) -> float | None:
        """The part of the harm that did not happen; None where there would have been none."""
        return 1 - self.seen.errors / self.at_once if self.at_once and self.is_worse else None

    def _count(self) -> None:
        """What the version would have done to all requests since the last count; one that never starts fails all."""
        requests, rate = self.served.total.requests - self._since, self.behaviour.error_rate
        rate = 1.0 if self.behaviour.never_ready else rate
        self._since = self.served.total.requests
        self.is_worse = self.is_worse or rate > self.usual
        self.at_once += requests * rate

    def _of_image(self) -> Tally:
        found = [tally for version, tally in self.served.by_version.items() if version.image == self.image]
        return sum(found, Tally())


@dataclass(slots=True)
class Course:
    """The release as it went. `image` is the new one."""

    before: str
    image: str
    start: datetime
    last: Look
    rows: list[Row] = field(default_factory=list)
    ending: Ending | None = None
    ended: timedelta = timedelta()
    measured: list[dict[str, Any]] = field(default_factory=list)
    harm: Harm = field(init=False)
    _told: dict[str, int] = field(default_factory=dict)
    _changed: datetime | None = None

    def __post_init__(self) -> None:
        self.rows.append(Row(timedelta(), self.last, f"release: {self.before} → {self.image}", "▶"))

    def note(self, now: datetime, what: str, sign: str = " ") -> None:
        """Something that somebody did."""
        self._add(now, self.last, what, sign)

    def take(self, now: datetime, look: Look, store: Store) -> None:
        """A look at the rollout, and at the analyses that it has started."""
        before, self.last = self.last, look
        for what, sign in self._verdicts(store):
            self._add(now, look, what, sign)
        if look.about != before.about or (look.phase == "Degraded" and look.message != before.message):
            self._add(now, look, *_news(before, look))

    def quiet_for(self, now: datetime) -> timedelta:
        """How long nothing has changed."""
        return now - (self._changed or self.start)

    def _add(self, now: datetime, look: Look, what: str, sign: str) -> None:
        self._changed = now
        self.ended = now - self.start
        self.rows.append(Row(self.ended, look, what, sign))

    def _verdicts(self, store: Store) -> Iterator[tuple[str, str]]:
        """Measurements that are no success as they come, and each run when it ends."""
        for run in store.peek_all(Collection(kinds.ANALYSIS_RUNS)):
            status, name = run.get("status") or {}, run["metadata"]["name"]
            for result in status.get("metricResults") or ():
                yield from self._measurements(name, result)
            phase = status.get("phase") or ""
            is_done = phase in ("Successful", "Failed", "Error", "Inconclusive")
            if is_done and self._told.setdefault(name, 0) == 0:
                self._told[name] = 1
                if run["metadata"].get("creationTimestamp", "") >= f"{self.start:%Y-%m-%dT%H:%M:%SZ}":
                    yield _summary(run, phase), sign_of(phase)

    def _measurements(self, run: str, result: Object) -> Iterator[tuple[str, str]]:
        key = f"{run} {result.get('name')}"
        done = [each for each in result.get("measurements") or () if each.get("finishedAt")]
        known = self._told.get(key, 0)
        fresh = [each for each in done if _order(each) > known]
        self._told[key] = max([known, *map(_order, fresh)])
        for each in fresh:
            self.measured.append({"run": run, "metric": result.get("name"), **_brief(each)})
            phase = each.get("phase", "")
            if phase != "Successful":
                said = (
                    f", measured {each['value']}"
                    if each.get("value")
                    else f": {each.get('message') or 'nothing measured'}"
                )
                yield f"{result.get('name')}: {phase.lower()}{said}", sign_of(phase)


def _order(measurement: Object) -> int:
    return int(datetime.fromisoformat(measurement["finishedAt"]).timestamp())


def _brief(measurement: Object) -> dict[str, Any]:
    return {key: measurement[key] for key in ("phase", "value", "message", "finishedAt") if measurement.get(key)}


def _summary(run: Object, phase: str) -> str:
    """`analysis success-rate ✔ 5, latency ✔ 3 ✖ 1: Successful`."""
    told = []
    for result in (run.get("status") or {}).get("metricResults") or ():
        counts = (("✔", "successful"), ("✖", "failed"), ("?", "inconclusive"), ("⚠", "error"))
        numbers = " ".join(f"{sign} {result[key]}" for sign, key in counts if result.get(key))
        told.append(f"{result.get('name')} {numbers}".rstrip())
    return f"analysis {phase.lower()}: {', '.join(told)}"


def _news(before: Look, look: Look) -> tuple[str, str]:
    """What changed, in the order of importance."""
    sign = sign_of(look.phase)
    if look.phase != before.phase and look.phase in ("Degraded", "Healthy"):
        return f"{look.phase}{': ' + look.message if look.message else ''}", sign
    if look.phase == "Degraded" and look.message != before.message:
        return look.message, sign
    if look.step != before.step and look.words:
        return f"step {look.step}: {look.words}", sign
    if look.phase != before.phase:
        return f"{look.phase}{': ' + look.message if look.message else ''}", sign
    if look.weight != before.weight:
        return f"weight {look.weight} %", sign
    return "", " "


def _step(rollout: Object) -> str:
    """The step that it is at, counted as people do: the first is 1."""
    steps = steps_of(rollout)
    index = (rollout.get("status") or {}).get("currentStepIndex")
    return "" if not steps or index is None else f"{min(index + 1, len(steps))}/{len(steps)}"


def _words(rollout: Object) -> str:
    steps, index = steps_of(rollout), step_index(rollout)
    return step_words(steps[index]) if index < len(steps) else "all steps are done"


def _weight(rollout: Object, replica_sets: Sequence[Object]) -> int | None:
    status = rollout.get("status") or {}
    current, stable = status.get("currentPodHash"), status.get("stableRS")
    if not stable or current == stable:
        return None
    if is_blue_green(rollout):
        return 100 if (status.get("blueGreen") or {}).get("activeSelector") == current else 0
    most = int((canary_of(rollout).get("trafficRouting") or {}).get("maxTrafficWeight") or 100)
    return round(progress(rollout, replica_sets).actual_weight * 100 / most)


def _size(replica_sets: Sequence[Object], digest: str) -> Size:
    for rs in replica_sets:
        if digest and (rs["metadata"].get("labels") or {}).get(HASH) == digest:
            ready = int((rs.get("status") or {}).get("availableReplicas") or 0)
            return Size(ready, int((rs.get("spec") or {}).get("replicas") or 0))
    return Size()


def _is_endless(rollout: Object) -> bool:
    """Is it a pause that time alone does not end?"""
    status, spec = rollout.get("status") or {}, rollout["spec"]
    reasons = {pause.get("reason") for pause in status.get("pauseConditions") or ()}
    if spec.get("paused") or not reasons:
        return bool(spec.get("paused"))
    if reasons & {"InconclusiveAnalysisRun", "InconclusiveExperiment"}:
        return True
    if is_blue_green(rollout):
        strategy = spec["strategy"]["blueGreen"]
        return strategy.get("autoPromotionEnabled") is False and not strategy.get("autoPromotionSeconds")
    steps, index = steps_of(rollout), step_index(rollout)
    return index < len(steps) and pause_seconds(steps[index]) is None
