"""A Canary manifest as the common model: defaults, names, weights, checks, webhooks."""

from datetime import timedelta
from typing import Any

import pytest

from rollouts.dialects.flagger.analysis import interval_of
from rollouts.dialects.flagger.canary import parse
from rollouts.model.errors import UndecodableError
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Holding, Pace, Pair, Progressive, Unit
from tests.builders.ticking import a_canary, a_webhook


def strategy(**analysis: Any) -> Progressive:
    """The strategy of a Canary with this analysis."""
    return of(parse(a_canary(**analysis), "r1"))


def of(rollout: Rollout) -> Progressive:
    """Its strategy, which every Canary has."""
    assert isinstance(rollout.strategy, Progressive)
    return rollout.strategy


def climbed(way: Progressive) -> list[int]:
    """The weights from nothing to the top."""
    weights, weight = [], way.climb.after(0)
    while weight is not None:
        weights.append(weight)
        weight = way.climb.after(weight)
    return weights


def test_a_canary_is_a_rollout_by_ticks_with_a_copy() -> None:
    """What sets the dialect apart are values of the common model."""
    rollout = parse(a_canary(), "r1")

    assert (rollout.kind, rollout.namespace, rollout.name, rollout.target) == ("Canary", "shop", "web", "r1")
    assert (rollout.pace, rollout.holding, rollout.faults) == (Pace.TICKS, Holding.PRIMARY_COPY, ())
    assert rollout.progress_deadline == timedelta(seconds=600)


def test_names_follow_target_and_service() -> None:
    """The copy is named after the target, the Services after service.name."""
    canary = a_canary(spec={"service": {"name": "shop", "port": 80, "gatewayRefs": [{"name": "public"}]}})

    assert of(parse(canary, "")).pair == Pair("web", "web-primary", "shop", "shop-primary", "shop-canary")


@pytest.mark.parametrize(
    ("analysis", "weights"),
    [
        ({"stepWeight": 20, "maxWeight": 50}, [20, 40, 60]),
        ({"stepWeight": 30}, [30, 60, 90, 100]),
        ({"stepWeight": 50, "maxWeight": 40}, [50]),
        ({"stepWeight": 60, "maxWeight": 150}, [60, 100]),
        ({"stepWeights": [1, 2, 80, 120]}, [1, 2, 80, 100]),
        ({"stepWeight": 50, "stepWeights": [1, 2]}, [50, 100]),
    ],
)
def test_weights_climb_as_flagger_climbs(analysis: dict[str, Any], weights: list[int]) -> None:
    """stepWeight wins over stepWeights, maxWeight ends the way without cutting it, and nothing exceeds 100."""
    assert climbed(strategy(**analysis)) == weights


def test_a_climb_goes_on_from_any_weight() -> None:
    """A hand on the route is respected: steps count from there, listed weights go on with the next higher."""
    assert strategy(stepWeight=20, maxWeight=50).climb.after(33) == 53
    assert strategy(stepWeights=[10, 40]).climb.after(33) == 40


@pytest.mark.parametrize(
    ("given", "interval"),
    [("30s", 30), ("1m30s", 90), ("5s", 5), ("0s", 60), ("", 60), ("soon", 60)],
)
def test_an_interval_has_a_default_and_a_floor(given: str, interval: int) -> None:
    """Nothing readable is a minute; to the letter, nobody ticks faster than every ten seconds."""
    assert strategy(interval=given).interval == timedelta(seconds=interval)
    assert interval_of({"interval": given}, is_letter=True) == timedelta(seconds=max(interval, 10))


def test_the_failure_budget_is_at_least_one() -> None:
    """A threshold of zero or none means the first failure ends the run."""
    assert (strategy(threshold=0).failure_budget, strategy(threshold=5).failure_budget) == (1, 5)


def test_builtin_metrics_become_checks_with_their_queries() -> None:
    """Percent and milliseconds, each with the query of the HTTP family for the target's pods."""
    rate, duration = strategy().checks
    pods = 'kubernetes_namespace="shop", kubernetes_pod_name=~"web-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)"'

    assert (rate.low, rate.high, rate.unit, rate.scale) == (99, None, Unit.PERCENT, 1)
    assert (duration.low, duration.high, duration.unit, duration.scale) == (None, 500, Unit.MILLISECONDS, 1000)
    assert rate.query == (
        f' sum( rate( http_request_duration_seconds_count{{ {pods}, status!~"5.*" }}[30s] ) ) / '
        f"sum( rate( http_request_duration_seconds_count{{ {pods} }}[30s] ) ) * 100"
    )
    assert duration.query == (
        f" histogram_quantile( 0.99, sum( rate( http_request_duration_seconds_bucket{{ {pods} }}[30s] ) ) by (le) )"
    )


def test_an_old_threshold_is_a_bound() -> None:
    """Without a range the least success rate and the most of anything else are meant."""
    old = [{"name": "request-success-rate", "threshold": 95}, {"name": "errors", "query": "up", "threshold": 3}]
    rate, errors = strategy(metrics=old).checks

    assert (rate.low, rate.high, errors.low, errors.high) == (95, None, None, 3)


def test_an_inline_query_knows_its_canary() -> None:
    """Names, namespace and interval are filled in, with or without blanks in the braces."""
    query = 'rate(x{ns="{{ namespace }}",t="{{target}}",s="{{ service }}"}[{{ interval }}])'
    (check,) = strategy(metrics=[{"name": "errors", "query": query, "interval": "2m"}]).checks

    assert check.query == 'rate(x{ns="shop",t="web",s="web"}[2m])'
    assert check.no_values == "Halt advancement no values found for metric: errors"


def test_webhooks_become_gates() -> None:
    """Without a type a webhook is asked in every tick; what cannot be a timeout is ten seconds."""
    hooks = [a_webhook("", "load"), a_webhook("confirm-promotion", "go", timeout="1m", retries=2, muteAlert=True)]
    load, go = strategy(webhooks=hooks).gates

    assert (load.moment, load.timeout, load.retries, load.is_muted) == ("rollout", timedelta(seconds=10), 0, False)
    assert (go.moment, go.timeout, go.retries, go.is_muted) == ("confirm-promotion", timedelta(minutes=1), 2, True)


def test_without_an_analysis_there_is_nothing_to_judge() -> None:
    """No analysis at all is a skipped one."""
    canary = a_canary()
    del canary["spec"]["analysis"]

    assert of(parse(canary, "")).skip_analysis


@pytest.mark.parametrize("broken", [{"metadata": {}, "spec": {}}, {"metadata": {"name": "web"}, "spec": []}])
def test_what_makes_no_sense_at_all_cannot_be_decoded(broken: dict[str, Any]) -> None:
    """A Canary without a name or with a list for a spec is reported and left."""
    with pytest.raises(UndecodableError):
        parse(broken, "")
