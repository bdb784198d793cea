"""Requests to the API server for one rollout, counted at the server: from create to Healthy, and for one update.

One rollout at a time on a calm cluster, several times over: the figure is the commonest count, and the spread is told.
"""

from collections import Counter
from statistics import mode

from benchmarks.figures import Figure
from benchmarks.ground import Ground, ground, is_healthy
from benchmarks.manifests import PLAIN, ROUTED, names, rollout, surroundings
from benchmarks.options import Options
from benchmarks.tally import reads, without_upkeep, writes

Counts = Counter[str]
_SHAPES = {PLAIN: "replicas only", ROUTED: "HTTPRoute and two Services"}


async def measure(options: Options) -> list[Figure]:
    """Both shapes of rollout."""
    figures: list[Figure] = []
    async with ground() as here, here.controller() as program:
        await program.said("event=working")
        await here.quiet()
        for namespace, shape in _SHAPES.items():
            created: list[Counts] = []
            updated: list[Counts] = []
            for name in names(options.samples):
                created.append(await _play(here, namespace, name, "v1"))
                updated.append(await _play(here, namespace, name, "v2"))
            figures += _figures(f"create to Healthy, {shape}", created)
            figures += _figures(f"one update (one setWeight), {shape}", updated)
    return figures


async def _play(here: Ground, namespace: str, name: str, tag: str) -> Counts:
    before = here.tally.now()
    if tag == "v1":
        await here.world.apply(surroundings(namespace, name))
    await here.world.apply([rollout(namespace, name, tag)])
    await here.is_so(namespace, name, is_healthy)
    await here.quiet()
    return without_upkeep(here.tally.since(before))


def _figures(what: str, samples: list[Counts]) -> list[Figure]:
    totals = [(writes(sample, with_events=False), sample["create events"], reads(sample)) for sample in samples]
    usual = mode(totals)
    chosen = samples[totals.index(usual)]
    detail = ", ".join(f"{count} {name}" for name, count in sorted(chosen.items()) if name != "create events")
    spread = sorted({sum(total) for total in totals})
    return [
        Figure(
            f"{what}: writes + events + reads", f"{usual[0]} + {usual[1]} + {usual[2]} (all in all {_span(spread)})"
        ),
        Figure(f"{what}: which", detail),
    ]


def _span(values: list[int]) -> str:
    return str(values[0]) if len(values) == 1 else f"{values[0]} to {values[-1]}"
