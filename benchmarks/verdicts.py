"""The engine's figures beside their targets: what Argo Rollouts' own binary costs on such a control plane, or less."""

from benchmarks.engine import Phase, Run, latencies, run, spread
from benchmarks.figures import Figure
from benchmarks.options import Options

ARGO_CPU_MS = {"create": 28.0, "update": 37.0}
ARGO_IDLE_MIB, ARGO_MIB = 81, {100: 102, 300: 114}
TIMES_FLOOR = {"create": 2.0, "update": 3.0}
REQUESTS = {"create": 4.0, "update": 5.0}
ABORT_MS = 25.0
IDLE_CORE = 0.0015
TIMES_BARE = 3.0


async def measure(options: Options) -> list[Figure]:
    """One control plane for each number of rollouts."""
    return [figure for count in options.crowds for figure in figures_of(await run(count, options))]


def figures_of(run: Run) -> list[Figure]:
    """All of a run."""
    title = f"N={run.count}"
    return [
        Figure(f"{title}: floor, plain ReplicaSets until available", f"{run.floor:.1f} s"),
        *(figure for name in ("create", "update") for figure in _of_phase(run, name)),
        *_of_rest(run),
        _limited(f"{title}: memory without rollouts", run.memory, ARGO_IDLE_MIB, "MiB", 0),
        *_of_memory(run),
        *_of_aborts(f"{title}: abort to weight 0, alone", run.quiet_aborts),
        *_of_aborts(f"{title}: abort to weight 0, beside {run.count}", run.aborts),
        Figure(f"{title}: bare loop, CPU of an event and its PATCH", f"{run.bare * 1000:.2f} ms"),
    ]


def _of_phase(run: Run, name: str) -> list[Figure]:
    phase, title = run.phases[name], f"N={run.count}: {name} to all Healthy"
    requests = phase.requests
    plain = sum(count for what, count in requests.items() if not what.endswith(" events")) / run.count
    which = ", ".join(f"{count / run.count:.2f} {what}" for what, count in sorted(requests.items()))
    half, ready = spread(latencies(phase))
    return [
        _limited(f"{title}: wall time", phase.wall, TIMES_FLOOR[name] * run.floor, "s", 1),
        _limited(f"{title}: requests each, without events", plain, REQUESTS[name], "", 2),
        Figure(f"{title}: requests each", which),
        _limited(f"{title}: CPU each", phase.cpu / run.count * 1000, ARGO_CPU_MS[name] / 2, "ms", 1),
        *_of_cpu(title, phase, run.bare),
        Figure(f"{title}: from a pod's readiness to the next write, p50 / p99", f"{half:.0f} / {ready:.0f} ms"),
    ]


def _of_cpu(title: str, phase: Phase, bare: float) -> list[Figure]:
    a_round, a_request = phase.cpu / max(phase.rounds, 1), phase.cpu / max(phase.requests.total(), 1)
    return [
        _limited(
            f"{title}: CPU a reconcile ({phase.rounds} rounds)", a_round * 1000, TIMES_BARE * bare * 1000, "ms", 2
        ),
        Figure(f"{title}: CPU a request", f"{a_request * 1000:.2f} ms ({a_request / bare:.1f} x bare loop)"),
    ]


def _of_rest(run: Run) -> list[Figure]:
    phase, title = run.phases["rest"], f"N={run.count}: {run.phases['rest'].wall:.0f} s at rest"
    asked = {what: count for what, count in phase.requests.items() if not what.startswith("watch ")}
    return [
        Figure(f"{title}: requests but leases and watches", _listed(asked) or "none", "none", not asked),
        _limited(f"{title}: CPU", phase.cpu / phase.wall, IDLE_CORE, "core", 4),
    ]


def _of_memory(run: Run) -> list[Figure]:
    target = ARGO_MIB.get(run.count)
    title = f"N={run.count}: memory after"
    pairs = [(name, run.phases[name].memory) for name in ("create", "update")]
    if target is None:
        return [Figure(f"{title} {name}", f"{mib:.0f} MiB") for name, mib in pairs]
    return [_limited(f"{title} {name}", mib, target, "MiB", 0) for name, mib in pairs]


def _of_aborts(title: str, took: list[float]) -> list[Figure]:
    if not took:
        return [Figure(title, "not measured: no Go to fetch the HTTPRoute's definition")]
    half = sorted(took)[len(took) // 2]
    value = f"{half:.0f} ms ({min(took):.0f} to {max(took):.0f}, {len(took)} aborts)"
    return [Figure(f"{title}, median", value, f"<= {ABORT_MS:.0f} ms", half <= ABORT_MS)]


def _limited(what: str, value: float, limit: float, unit: str, digits: int) -> Figure:
    shown, most = f"{value:.{digits}f} {unit}".strip(), f"<= {limit:.{digits}f} {unit}".strip()
    return Figure(what, shown, most, value <= limit)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
