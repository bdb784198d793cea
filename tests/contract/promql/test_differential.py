"""Our PromQL against a real Prometheus: same series, same queries, same answers."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from rollouts.simulator.promql import QueryError, query, query_range
from rollouts.simulator.series import Series
from tests.contract.promql import queries, world
from tests.contract.promql.reference import ask, prometheus

DRAWN = 400
MOMENTS = (world.START + 1207.25, world.START + 2399)
SPAN = {"start": world.START + 600, "end": world.START + 2100.5, "step": 97.5}
IN_ORDER = ("sort(", "sort_desc(")


@pytest.fixture(scope="module")
def samples() -> list[world.Point]:
    """The world's samples."""
    return world.points()


@pytest.fixture(scope="module")
def ours(samples: list[world.Point]) -> Series:
    """They, in our store."""
    return world.into_series(samples)


@pytest.fixture(scope="module")
def theirs(samples: list[world.Point], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """They, in a real Prometheus."""
    with prometheus(tmp_path_factory.mktemp("prometheus"), world.open_metrics(samples)) as url:
        yield url


def test_answers_are_those_of_a_real_prometheus(ours: Series, theirs: str, capsys: pytest.CaptureFixture[str]) -> None:
    """At least 200 generated queries and every corner give Prometheus' own values and label sets."""
    drawn = queries.drawn(DRAWN)
    found = [_compare(ours, theirs, text) for text in (*queries.CORNERS, *drawn)]
    differences = [line for lines, _ in found for line in lines]
    answered = sum(1 for _, is_answered in found[len(queries.CORNERS) :] if is_answered)
    with capsys.disabled():
        print(
            f"\npromql: {len(queries.CORNERS)} corners and {len(drawn)} generated queries ({answered} with a value) "
            f"compared with a real Prometheus, {len(MOMENTS)} instants and one range each: {len(differences)} differ"
        )

    assert not differences, "\n".join(differences[:20])
    assert answered >= 200


def _compare(ours: Series, theirs: str, text: str) -> tuple[list[str], bool]:
    lines: list[str] = []
    answered = False
    for moment in MOMENTS:
        expected = _their_data(ask(theirs, "query", {"query": text, "time": moment}))
        actual = _our_data(partial(query, ours, text, moment))
        lines += _differences(f"{text} at {moment}", expected, actual, in_order=text.startswith(IN_ORDER))
        answered = answered or bool(expected.get("result"))
    expected = _their_data(ask(theirs, "query_range", {"query": text, **SPAN}))
    actual = _our_data(partial(query_range, ours, text, **SPAN))
    return lines + _differences(f"{text} as range", expected, actual, in_order=False), answered


def _their_data(answer: dict[str, Any]) -> dict[str, Any]:
    return dict(answer["data"]) if answer["status"] == "success" else {"error": answer["errorType"]}


def _our_data(ask_ours: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return ask_ours()
    except QueryError as error:
        return {"error": error.type}


def _differences(what: str, expected: dict[str, Any], actual: dict[str, Any], *, in_order: bool) -> list[str]:
    if "error" in expected or "error" in actual or expected["resultType"] in ("scalar", "string"):
        same = expected.keys() == actual.keys() and _same_scalars(expected, actual)
        return [] if same else [f"{what}: {expected} is our {actual}"]
    if in_order:
        pairs = list(zip(_values(expected["result"]), _values(actual["result"]), strict=False))
        return [f"{what}: order {pairs}" for left, right in pairs if not _same(left, right)][:1]
    left, right = _by_labels(expected["result"]), _by_labels(actual["result"])
    if left.keys() != right.keys() or len(expected["result"]) != len(actual["result"]):
        return [f"{what}: label sets {sorted(left)} are our {sorted(right)}"]
    return [f"{what}: {key} {left[key]} is our {right[key]}" for key in left if not _same_points(left[key], right[key])]


def _same_scalars(expected: dict[str, Any], actual: dict[str, Any]) -> bool:
    if "error" in expected:
        return expected == actual
    return _same_points([expected["result"]], [actual["result"]])


def _values(result: list[dict[str, Any]]) -> list[str]:
    return [series["value"][1] for series in result]


def _by_labels(result: list[dict[str, Any]]) -> dict[tuple[tuple[str, str], ...], list[Any]]:
    return {tuple(sorted(s["metric"].items())): s["values"] if "values" in s else [s["value"]] for s in result}


def _same_points(expected: list[Any], actual: list[Any]) -> bool:
    return len(expected) == len(actual) and all(
        left[0] == right[0] and _same(left[1], right[1]) for left, right in zip(expected, actual, strict=True)
    )


def _same(expected: str, actual: str) -> bool:
    left, right = float(expected), float(actual)
    return (math.isnan(left) and math.isnan(right)) or math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-12)
