"""What a query gives in process. The values themselves are compared with a real Prometheus in tests/contract/promql."""

from typing import Any

import pytest

from rollouts.simulator.promql import BadDataError, ExecutionError, QueryError, query, query_range
from rollouts.simulator.series import Series


@pytest.fixture
def series() -> Series:
    """Two pods answer ten requests a second each for five minutes, the second one fails a tenth of them."""
    found = Series()
    for step in range(61):
        at = 1_000.0 + step * 5
        found.record("http_requests_total", {"pod": "a", "code": "200"}, step * 50, at)
        found.record("http_requests_total", {"pod": "b", "code": "200"}, step * 45, at)
        found.record("http_requests_total", {"pod": "b", "code": "500"}, step * 5, at)
    return found


def values(data: dict[str, Any]) -> dict[str, str]:
    """Of an instant vector with one label at most: its value to the sample's."""
    return {next(iter(item["metric"].values()), ""): item["value"][1] for item in data["result"]}


def test_a_success_rate_per_pod(series: Series) -> None:
    """The query of every rollout: good requests over all, a pod each."""
    text = 'sum by (pod) (rate(http_requests_total{code!~"5.."}[1m])) / sum by (pod) (rate(http_requests_total[1m]))'

    assert values(query(series, text, 1_300)) == {"a": "1", "b": "0.9"}


def test_a_sample_is_fresh_for_five_minutes(series: Series) -> None:
    """After that an instant selector no longer sees it."""
    assert len(query(series, "http_requests_total", 1_600)["result"]) == 3
    assert query(series, "http_requests_total", 1_600.001)["result"] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/0", "+Inf"),
        ("-1/0", "-Inf"),
        ("0/0", "NaN"),
        ("3.0", "3"),
        ("-0.5", "-0.5"),
        ("0.1+0.2", "0.30000000000000004"),
        ("1e-7", "1e-07"),
        ("0.000001", "0.000001"),
        ("1e20", "100000000000000000000"),
        ("1.5e21", "1.5e+21"),
        ("1e300 * 1e10", "+Inf"),
        ("2 ^ 3 ^ 2", "512"),
        ("-7 % 3", "-1"),
    ],
)
def test_numbers_are_printed_as_prometheus_prints_them(text: str, expected: str) -> None:
    """Shortest digits, an exponent only far from one, words for what is no number."""
    assert query(Series(), text, 5.5) == {"resultType": "scalar", "result": [5.5, expected]}


def test_the_four_result_types(series: Series) -> None:
    """Scalar, string, vector and matrix, in the API's shapes."""
    window = query(series, 'http_requests_total{pod="a"}[5s]', 1_010)

    assert query(series, '"text"', 7) == {"resultType": "string", "result": [7, "text"]}
    assert query(series, "vector(2)", 7) == {"resultType": "vector", "result": [{"metric": {}, "value": [7, "2"]}]}
    assert window["resultType"] == "matrix"
    assert window["result"][0]["values"] == [[1_005, "50"], [1_010, "100"]]


def test_a_range_query_is_the_query_at_every_step(series: Series) -> None:
    """Both ends included; a step without a value is left out."""
    data = query_range(series, 'http_requests_total{pod="a"} > 100', 1_000, 1_021, 7)

    assert data["resultType"] == "matrix"
    assert [item["values"] for item in data["result"]] == [[[1_021, "200"]]]
    assert query_range(series, "time()", 1, 2, 0.5)["result"] == [
        {"metric": {}, "values": [[1, "1"], [1.5, "1.5"], [2, "2"]]}
    ]


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("sum(", BadDataError, "parse error"),
        ("", BadDataError, "parse error"),
        ("rate(http_requests_total)", BadDataError, "expected type matrix"),
        ("no_such_function(up)", BadDataError, "no_such_function"),
        ('sort_by_label(up, "a")', BadDataError, r"sort_by_label\(\) is not supported"),
        ("limitk(1, up)", BadDataError, r"limitk\(\) is not supported"),
        ('up{a="b" or c="d"}', BadDataError, "`or` between label matchers is not supported"),
        ("up + fill(0) up", BadDataError, "fill modifiers are not supported"),
        ('up{a=~"[[:alpha:]]+"}', BadDataError, r"\[\[:.*not supported"),
        ('label_replace(up, "a", "", "b", "(")', BadDataError, "error parsing regexp"),
        ("topk(NaN, http_requests_total)", ExecutionError, "overflows int64"),
        ("http_requests_total + on(pod) http_requests_total", ExecutionError, "duplicate series for the match group"),
        ("sum(http_requests_total) by (pod) + on() vector(1)", ExecutionError, "many-to-one matching must be explicit"),
        ('label_replace(http_requests_total, "code", "", "code", ".*")', ExecutionError, "same labelset"),
    ],
)
def test_a_query_without_an_answer_says_why(series: Series, text: str, error: type[QueryError], words: str) -> None:
    """What cannot be asked is bad_data; what these series do not fit is an execution error."""
    with pytest.raises(error, match=words):
        query(series, text, 1_300)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        ((10, 5, 1), "end timestamp must not be before start"),
        ((0, 10, 0), "zero or negative query resolution"),
        ((0, 11_001, 1), "exceeded maximum resolution of 11,000 points"),
    ],
)
def test_a_range_without_sense_is_refused(span: tuple[float, float, float], words: str) -> None:
    """In Prometheus' own words."""
    with pytest.raises(BadDataError, match=words):
        query_range(Series(), "1", *span)


@pytest.mark.parametrize("text", ["up[1m]", '"text"'])
def test_only_scalars_and_vectors_have_ranges(text: str) -> None:
    """A range vector or a string at every step is no matrix."""
    with pytest.raises(BadDataError, match="must be Scalar or instant Vector"):
        query_range(Series(), text, 0, 1, 1)
