"""The state of the demo at one moment: what each version's users get, and below it `get rollout`'s tree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
_BY = f'sum by (rollouts_pod_template_hash) (rate(http_requests_total{{namespace="{NAMESPACE}"%s}}[5s]))'
_P99 = (
    "histogram_quantile(0.99, sum by (le, rollouts_pod_template_hash) "
    f'(rate(http_request_duration_seconds_bucket{{namespace="{NAMESPACE}"}}[5s])))'
)


@dataclass(frozen=True, slots=True)
class State:
    """What the acts look at, and the picture of it: `lines` for a terminal, `line` for a log."""

    phase: str = ""
    message: str = ""
    tag: str = ""
    is_stable: bool = False
    weight: int = 0
    lines: tuple[str, ...] = ()
    line: str = "waiting for the first sync"

    @property
    def about(self) -> str:
        """What has to change before a log is worth another line."""
        return f"{self.phase} {self.message} {self.tag} {self.weight}"

    def is_settled(self, tag: str) -> bool:
        """This version is stable and healthy."""
        return self.phase == "Healthy" and self.tag == tag and self.is_stable


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
    rows = list(_served(stage, replica_sets, status, weight))
    phase, message = info.phase
    tag = ro["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]
    # Users first: a low terminal cuts the tree's end, not what the demo is about.
    lines = (*(row.line for row in rows), "", *draw(info, coloured=is_coloured).splitlines())
    brief = ", ".join(row.brief for row in rows)
    is_stable = bool(status.get("stableRS")) and status.get("stableRS") == status.get("currentPodHash")
    progress = "" if is_stable else f" at {weight} %"
    line = f"{phase}{f' ({message})' if message else ''}: {tag}{progress}" + (f" | {brief}" if brief else "")
    return State(phase, message, tag, is_stable, weight, lines, line)


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
class _Row:
    line: str
    brief: str


def _served(stage: Stage, replica_sets: Sequence[Json], status: Json, weight: int) -> Iterator[_Row]:
    """A row for each version that answers requests now."""
    total, good = _by_hash(stage, _BY % ""), _by_hash(stage, _BY % ',code!~"5.*"')
    p99 = _by_hash(stage, _P99)
    for replica_set in sorted(replica_sets, key=lambda rs: rs["metadata"]["creationTimestamp"]):
        hash_ = replica_set["metadata"]["labels"].get("rollouts-pod-template-hash", "")
        rate = total.get(hash_, 0.0)
        if rate <= 0:
            continue
        tag = replica_set["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]
        share = weight if hash_ != status.get("stableRS") else 100 - weight
        success = min(good.get(hash_, 0.0) / rate, 1.0) * 100  # rates of two series are extrapolated each by itself
        slow = p99.get(hash_, 0.0) * 1000
        bar = "█" * round(share * BAR / 100)
        line = (
            f"  {tag:<4} {bar:<{BAR}} {share:>3} %  {rate:>6.1f} req/s  success {success:>6.2f} %  p99 {slow:>5.0f} ms"
        )
        yield _Row(line, f"{tag} {success:.1f} % ok, p99 {slow:.0f} ms")


def _by_hash(stage: Stage, text: str) -> dict[str, float]:
    answer = query(stage.world.series, text, wall_clock().timestamp())
    return {
        sample["metric"].get("rollouts_pod_template_hash", ""): float(sample["value"][1]) for sample in answer["result"]
    }
