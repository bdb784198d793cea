"""Scenarios: what may be written, and what a mistake is told."""

from datetime import timedelta

import pytest

from rollouts.simulator.scenario import (
    Behaviour,
    Latency,
    Scenario,
    ScenarioError,
    load_scenario,
    parse_duration,
    with_annotations,
)


def test_a_whole_scenario_is_read() -> None:
    """Every field of a scenario arrives where it belongs."""
    text = """
    requestsPerSecond: 50
    routes: {shop/api: 5}
    tick: 250ms
    noise: 10%
    seed: 7
    default: {readyAfter: 1m30s}
    images:
      shop:v2: {errorRate: 0.1%, latency: {median: 40ms, p99: 150ms}, stopAfter: 2}
      shop:v3: {errorRate: 0.05, latency: 300ms, neverReady: probe, runFor: 1h, exitCode: 3}
    """

    assert load_scenario(text) == Scenario(
        images={
            "shop:v2": Behaviour(error_rate=0.001, latency=Latency(0.04, 0.15), stop_after=timedelta(seconds=2)),
            "shop:v3": Behaviour(
                error_rate=0.05, latency=Latency(0.3, 0.3), never_ready="probe", run_for=timedelta(hours=1), exit_code=3
            ),
        },
        default=Behaviour(ready_after=timedelta(seconds=90)),
        requests_per_second=50,
        routes={"shop/api": 5},
        tick=timedelta(milliseconds=250),
        noise=0.1,
        seed=7,
    )


def test_an_empty_scenario_is_the_default_one() -> None:
    """Nothing written means every default."""
    assert load_scenario("") == Scenario()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("images: {a: {errorrate: 1}}", r"scenario\.images\[a\]\.errorrate: no such field; known are errorRate"),
        ("images: {a: {errorRate: 101%}}", r"errorRate: '101%' is more than all"),
        ("images: {a: {errorRate: -1}}", r"errorRate: -1 is no rate"),
        ("images: {a: {neverReady: disk}}", r"neverReady: 'disk' is no way to fail: write image, start, "),
        ("images: {a: {latency: {median: 1s, p99: 1ms}}}", r"latency: the median must be above zero and at most"),
        ("images: {a: {latency: fast}}", r"latency: 'fast' is no duration"),
        ("images: [a]", r"scenario\.images: expected fields and values"),
        ("tick: 0", r"scenario\.tick: must be longer than zero"),
        ("seed: x", r"scenario\.seed: 'x' is no whole number"),
        ("requestsPerSecond: .nan", r"requestsPerSecond: nan is no rate"),
        ("a: [", "scenario: not YAML"),
    ],
)
def test_a_mistake_names_field_and_cure(text: str, complaint: str) -> None:
    """What is wrong is said with its path; nothing falls back to a default."""
    with pytest.raises(ScenarioError, match=complaint):
        load_scenario(text)


def test_annotations_change_a_pods_behaviour() -> None:
    """A pod's own annotations win over its image; other annotations say nothing."""
    annotations = {
        "simulator.sluice.dev/ready-after": "500ms",
        "simulator.sluice.dev/exit-code": "2",
        "unrelated": "x",
    }

    changed = with_annotations(Behaviour(error_rate=0.5), annotations)

    assert changed == Behaviour(error_rate=0.5, ready_after=timedelta(milliseconds=500), exit_code=2)


def test_a_wrong_annotation_is_named() -> None:
    """An annotation that makes no sense is named with its key."""
    with pytest.raises(ScenarioError, match=r"metadata\.annotations\[simulator\.sluice\.dev/ready-after\]: 'soon'"):
        with_annotations(Behaviour(), {"simulator.sluice.dev/ready-after": "soon"})


@pytest.mark.parametrize(("text", "seconds"), [("1h2m3s", 3723), ("1.5s", 1.5), (0.25, 0.25), ("5ms", 0.005)])
def test_durations_are_numbers_or_gos_form(text: object, seconds: float) -> None:
    """A duration is seconds as a number, or numbers with units."""
    assert parse_duration(text, "x") == timedelta(seconds=seconds)
