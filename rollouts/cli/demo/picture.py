"""The state of the demo at one moment: what each version's users get, and below it `get rollout`'s tree.

`canary.py` beside this is the same of a Canary.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rollouts.cli.demo.scenario import IMAGE, NAMESPACE
from rollouts.cli.demo.stage import Stage, wall_clock
from rollouts.cli.info import World, rollout_info
from rollouts.cli.tree import draw
from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from rollouts.simulator.promql import query
from rollouts.simulator.traffic.served import Tally

BAR = 20
"""Width of the weights' bar: a row fits into 80 columns."""
BY_HASH = "rollouts_pod_template_hash"
_RATE = f'sum by (%s) (rate(http_requests_total{{namespace="{NAMESPACE}"%s}}[5s]))'
_P99 = (
    "histogram_quantile(0.99, sum by (le, %s) "
    f'(rate(http_request_duration_seconds_bucket{{namespace="{NAMESPACE}"}}[5s])))'
)


@dataclass(frozen=True, slots=True)
class State:
    """What the acts look at, and the picture of it: `lines` for a terminal, `line` for a log.

    `is_well` and `is_bad` are what a phase means, `cause` is why something went wrong.
    """

    phase: str = ""
    message: str = ""
    cause: str = ""
    tag: str = ""
    is_stable: bool = False
    is_well: bool = False
    is_bad: bool = False
    weight: int = 0
    lines: tuple[str, ...] = ()
    line: str = "waiting for the first sync"

    @property
    def about(self) -> str:
        """What has to change before a log is worth another line."""
        return f"{self.phase} {self.message} {self.tag} {self.weight}"

    def is_settled(self, tag: str) -> bool:
        """This version is stable and healthy."""
        return self.is_well and self.tag == tag and self.is_stable


async def view(stage: Stage, *, is_coloured: bool) -> State:
    """Look at everything now."""
    found = [ro for ro in await stage.objects(kinds.ROLLOUTS) if ro["metadata"]["name"] == "shop"]
    if not found:
        return State(lines=("waiting for the first sync …",))
    ro, replica_sets = found[0], await stage.objects(kinds.REPLICA_SETS)
    world = World(
        ro,
        replica_sets,
        await stage.objects(kinds.PODS),
        (),
        await stage.objects(kinds.ANALYSIS_RUNS),
    )
    info = rollout_info(world, wall_clock())
    status = ro.get("status", {})
    weight = _weight(status)
    phase, message = info.phase
    is_stable = bool(status.get("stableRS")) and status.get("stableRS") == status.get("currentPodHash")
    state = State(
        phase,
        message,
        cause=message,
        tag=tag_of(ro),
        is_stable=is_stable,
        is_well=phase == "Healthy",
        is_bad=phase == "Degraded",
        weight=weight,
    )
    return pictured(
        state, served(stage, BY_HASH, _sides(replica_sets, status, weight)), draw(info, coloured=is_coloured)
    )


def pictured(state: State, rows: Sequence["Row"], tree: str) -> State:
    """The state with its picture."""
    # Users first: a low terminal cuts the tree's end, not what the demo is about.
    lines = (*(row.line for row in rows), "", *tree.splitlines())
    brief = ", ".join(row.brief for row in rows)
    progress = "" if state.is_stable else f" at {state.weight} %"
    said = f"{state.phase}{f' ({state.message})' if state.message else ''}: {state.tag}{progress}"
    return replace(state, lines=lines, line=said + (f" | {brief}" if brief else ""))


def tag_of(workload: Json) -> str:
    """The version that a workload's template names."""
    image: str = workload["spec"]["template"]["spec"]["containers"][0]["image"]
    return image.rpartition(":")[2]


def summary(stage: Stage, before: Tally, bad_since: datetime | None, aborted_at: datetime | None) -> Iterator[str]:
    """What the users had of it since v1 was there (`before`: what came earlier), and what they were spared."""
    served = stage.world.traffic.served
    since = served.total - before
    yield f"Requests served:            {since.requests:,}"
    yield f"Errors that users saw:      {since.errors:,}"
    if bad_since is not None and aborted_at is not None:
        bad = f"{IMAGE}:v3"
        seen = sum(tally.errors for version, tally in served.by_version.items() if version.image == bad)
        all_at_once = stage.world.traffic.errors_all_at_once(bad, bad_since)
        yield f"  of these from v3:         {seen:,} (all at once it would have been {all_at_once:,.0f} by now)"
        yield f"From commit to rolled back: {(aborted_at - bad_since).total_seconds():.1f} s"


def _weight(status: Json) -> int:
    weights = (status.get("canary") or {}).get("weights") or {}
    return int((weights.get("canary") or {}).get("weight", 0))


@dataclass(frozen=True, slots=True)
class Side:
    """One version: the value of the label that tells its requests apart, its tag, and its share of them."""

    value: str
    tag: str
    share: int


@dataclass(frozen=True, slots=True)
class Row:
    """What one version's users get: `line` for a terminal, `brief` for a log."""

    line: str
    brief: str


def _sides(replica_sets: Iterable[Json], status: Json, weight: int) -> Iterator[Side]:
    for replica_set in sorted(replica_sets, key=lambda rs: rs["metadata"]["creationTimestamp"]):
        hash_ = replica_set["metadata"]["labels"].get("rollouts-pod-template-hash", "")
        yield Side(hash_, tag_of(replica_set), weight if hash_ != status.get("stableRS") else 100 - weight)


def served(stage: Stage, label: str, sides: Iterable[Side]) -> list[Row]:
    """A row for each version that answers requests now."""
    total, good = (_by(stage, label, _RATE % (label, what)) for what in ("", ',code!~"5.*"'))
    p99 = _by(stage, label, _P99 % label)
    rows = []
    for side in sides:
        rate = total.get(side.value, 0.0)
        if rate <= 0:
            continue
        success = min(good.get(side.value, 0.0) / rate, 1.0) * 100  # rates of two series are extrapolated by themselves
        slow = p99.get(side.value, 0.0) * 1000
        bar = f"{'█' * round(side.share * BAR / 100):<{BAR}} {side.share:>3} %"
        line = f"  {side.tag:<4} {bar}  {rate:>6.1f} req/s  success {success:>6.2f} %  p99 {slow:>5.0f} ms"
        rows.append(Row(line, f"{side.tag} {success:.1f} % ok, p99 {slow:.0f} ms"))
    return rows


def _by(stage: Stage, label: str, text: str) -> dict[str, float]:
    answer = query(stage.world.series, text, wall_clock().timestamp())
    return {sample["metric"].get(label, ""): float(sample["value"][1]) for sample in answer["result"]}
