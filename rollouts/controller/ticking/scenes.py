"""What the metrics say of rollouts that tick: rows for each scrape, counts as runs go on. Used by manner."""

from collections import Counter
from collections.abc import Iterable, Iterator

from rollouts.cluster.informers import Cache
from rollouts.cluster.port import Json
from rollouts.controller.ticking.world import TickingWorld
from rollouts.dialects.registry import Flags, TickingDialect
from rollouts.model.copying import Copying
from rollouts.model.questions import MetricAnswer
from rollouts.model.reading import mapping, text
from rollouts.model.status import Phase, Status
from rollouts.model.strategy import Check, Progressive, Unit
from rollouts.telemetry.metrics import Row
from rollouts.telemetry.series import TickName
from rollouts.telemetry.ticking import Ended, TickSeries

WHOLE = 100
_UNDER_WAY, _WELL, _FAILED = 0, 1, 2
_MILLISECONDS = 1000.0


def rows_of(manifests: Iterable[Json], dialect: TickingDialect, provider: str, version: str) -> Iterator[Row]:
    """A sample for each number that describes a rollout, and for the controller itself."""
    yield Row(TickName.INFO, {"version": version, "mesh_provider": provider})
    found = tuple(manifests)
    for namespace, count in Counter(each["metadata"].get("namespace", "") for each in found).items():
        yield Row(TickName.TOTAL, {"namespace": namespace}, count)
    for manifest in found:
        yield from _of_one(mapping(manifest.get("status")), dialect.copying_of(manifest, Flags()))


def _of_one(status: Json, copying: Copying) -> Iterator[Row]:
    namespace, pair = copying.target.namespace, copying.pair
    standing = _standing(text(status.get("phase")), is_literal=copying.is_literal)
    yield Row(TickName.STATUS, {"name": pair.target, "namespace": namespace}, standing)
    given = status.get("canaryWeight")
    weight = given if isinstance(given, int) else 0
    for workload, share in ((pair.copy, WHOLE - weight), (pair.target, weight)):
        yield Row(TickName.WEIGHT, {"workload": workload, "namespace": namespace}, share)


def _standing(phase: str, *, is_literal: bool) -> int:
    """Waiting and promoting are under way as well: to the letter both are a success (E13)."""
    if phase == Phase.FAILED.value:
        return _FAILED
    if is_literal:
        return _UNDER_WAY if phase == Phase.PROGRESSING.value else _WELL
    return _WELL if phase in ("", Phase.INITIALIZING, Phase.INITIALIZED, Phase.SUCCEEDED) else _UNDER_WAY


class Counts:
    """Counts what happens to rollouts of one kind."""

    def __init__(self, series: TickSeries, manifests: Cache, dialect: TickingDialect) -> None:
        self._series = series
        self._dialect = dialect
        manifests.listen(self._follow)

    def measured(self, world: TickingWorld, check: Check, answer: MetricAnswer) -> None:
        """A check was answered; the look whether somebody answers at all has no name."""
        if check.name and answer.value is not None:
            value = _in_seconds(answer.value, check)
            self._series.measured(world.strategy.pair.target, world.rollout.namespace, check.name, value)

    def took(self, world: TickingWorld, seconds: float) -> None:
        """The questions of a tick were answered."""
        self._series.took(world.strategy.pair.target, world.rollout.namespace, seconds)

    def reported(self, world: TickingWorld, status: Status) -> None:
        """A status was written; it may have ended a run."""
        before, target = world.rollout.status.phase, world.strategy.pair.target
        if status.phase is before or before is None or status.phase not in (Phase.SUCCEEDED, Phase.FAILED):
            return
        judged = "skipped" if world.strategy.skip_analysis else "completed"
        how = Ended(_kind_of(world.strategy), judged, is_success=status.phase is Phase.SUCCEEDED)
        self._series.ended(target, world.rollout.namespace, how)

    def _follow(self, before: Json | None, after: Json | None) -> None:
        if before is not None and after is None:
            target = self._dialect.copying_of(before, Flags()).target
            self._series.forget(target.name, target.namespace)


def _in_seconds(value: float, check: Check) -> float:
    return value * check.scale / _MILLISECONDS if check.unit is Unit.MILLISECONDS else value


def _kind_of(strategy: Progressive) -> str:
    if not strategy.climb.is_empty:
        return "canary"
    return "ab-testing" if strategy.is_matched else "blue-green"
