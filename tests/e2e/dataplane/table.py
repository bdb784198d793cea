"""The figures as docs/benchmarks.md shows them. Called by __main__."""

from collections.abc import Iterator, Mapping
from statistics import median

from tests.e2e.dataplane.gateways import WAYS
from tests.e2e.dataplane.judge import Verdict
from tests.e2e.dataplane.stories import STORIES

Results = Mapping[str, Mapping[str, Verdict]]
"""By story and way."""


def table(results: Results) -> str:
    """One table of requests and losses by scenario, one of the other figures by way."""
    return "\n".join([*_requests(results), "", *_figures(results)])


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _head(first: str) -> list[str]:
    return [_row(first, *(way.title for way in WAYS)), f"|{'---|' * (len(WAYS) + 1)}"]


def _requests(results: Results) -> Iterator[str]:
    yield from _head("scenario: requests lost, of how many")
    for story in STORIES:
        if found := results.get(story.name):
            cells = (found.get(way.name) for way in WAYS)
            yield _row(story.title, *(f"**{one.lost}** of {one.requests:,}" if one else "" for one in cells))
    sums = ([each[way.name] for each in results.values() if way.name in each] for way in WAYS)
    yield _row("all", *(f"**{sum(v.lost for v in all_)}** of {sum(v.requests for v in all_):,}" for all_ in sums))


def _figures(results: Results) -> Iterator[str]:
    ways = [[each[way.name] for each in results.values() if way.name in each] for way in WAYS]
    yield from _head("figure")
    yield _row("split: largest distance from the weight", *(f"{_largest(all_):.1f} points" for all_ in ways))
    yield _row("split: windows beyond what sampling explains", *(str(_off(all_)) for all_ in ways))
    yield _row(
        "answers by a version that had no part any more", *(str(sum(one.strays for one in all_)) for all_ in ways)
    )
    yield _row("API write to effect: median", *(f"{median(_seconds(all_)):.2f} s" for all_ in ways))
    yield _row("API write to effect: slowest", *(f"{max(_seconds(all_)):.2f} s" for all_ in ways))


def _largest(verdicts: list[Verdict]) -> float:
    return max((100 * abs(s.wanted - s.observed) for one in verdicts for s in one.splits), default=0.0)


def _off(verdicts: list[Verdict]) -> str:
    splits = [split for one in verdicts for split in one.splits]
    return f"{sum(split.is_off for split in splits)} of {len(splits)}"


def _seconds(verdicts: list[Verdict]) -> list[float]:
    return [e.seconds for one in verdicts for e in one.effects if e.seconds is not None] or [0.0]
