"""Where a gateway sends a plain request."""

from typing import Any

import pytest

from rollouts.simulator.scenario import Scenario, ScenarioError
from rollouts.simulator.traffic.gateway import Backend, entry_of_route, entry_of_service, reachable


def a_route(*rules: dict[str, Any], **annotations: str) -> dict[str, Any]:
    """An HTTPRoute shop/web with these rules."""
    marks = {f"simulator.sluice.dev/{name}": value for name, value in annotations.items()}
    return {"metadata": {"namespace": "shop", "name": "web", "annotations": marks}, "spec": {"rules": list(rules)}}


def to(*backends: str, **more: Any) -> dict[str, Any]:
    """A rule to these backends: `name` or `name=weight`."""
    split = [text.partition("=") for text in backends]
    refs = [{"name": name, "port": 80} | ({"weight": int(weight)} if weight else {}) for name, _, weight in split]
    return {"backendRefs": refs, **more}


def path(value: str) -> dict[str, Any]:
    """A match of this path's prefix."""
    return {"path": {"type": "PathPrefix", "value": value}}


def test_weights_are_read_from_the_backends() -> None:
    """A backend without a weight has weight one."""
    entry = entry_of_route(a_route(to("stable=90", "canary=10", "extra")), Scenario())

    assert entry.rules == (
        (Backend(("shop", "stable"), 90), Backend(("shop", "canary"), 10), Backend(("shop", "extra"), 1)),
    )


def test_a_backend_that_is_no_service_leads_nowhere() -> None:
    """Kinds that no gateway here serves keep their weight and have no destination."""
    rule = {"backendRefs": [{"group": "example.com", "kind": "Bucket", "name": "files", "weight": 3}]}

    assert entry_of_route(a_route(rule), Scenario()).rules == ((Backend(None, 3),),)


def test_a_plain_request_meets_no_rule_for_particular_ones() -> None:
    """Rules that ask for headers, parameters or another method get nothing, nor do redirects."""
    header = to("a", matches=[{"headers": [{"name": "x", "value": "y"}]}])
    query = to("a", matches=[{"queryParams": [{"name": "x", "value": "y"}]}])
    post = to("a", matches=[{"method": "POST"}])
    redirect = to(filters=[{"type": "RequestRedirect"}])
    plain = to("b", matches=[path("/b"), {"method": "GET"}])

    assert reachable([header, query, post, redirect, plain]) == [plain]


def test_of_two_rules_with_one_path_the_first_wins() -> None:
    """A path that an earlier rule has taken is out of reach."""
    first, second, third = to("a"), to("b", matches=[path("/")]), to("c", matches=[path("/c")])

    assert reachable([first, second, third]) == [first, third]


def test_rates_come_from_annotation_scenario_and_default_in_this_order() -> None:
    """A route's own annotation wins over its line in the scenario, which wins over the rate for all."""
    scenario = Scenario(requests_per_second=10, routes={"shop/web": 20})

    assert entry_of_route(a_route(to("a"), traffic="30"), scenario).rate == 30
    assert entry_of_route(a_route(to("a")), scenario).rate == 20
    assert entry_of_route(a_route(to("a")), Scenario(requests_per_second=10)).rate == 10


def test_a_service_takes_traffic_when_it_says_so() -> None:
    """Only Services with the annotation are addressed directly."""
    plain: dict[str, Any] = {"metadata": {"namespace": "shop", "name": "web"}}
    marked = {"metadata": {**plain["metadata"], "annotations": {"simulator.sluice.dev/traffic": "50"}}}

    assert entry_of_service(plain) is None
    entry = entry_of_service(marked)
    assert entry is not None
    assert (entry.rate, entry.rules, entry.service) == (50, ((Backend(("shop", "web")),),), "web")


def test_a_rate_that_is_no_number_is_named() -> None:
    """A wrong rate names the annotation."""
    with pytest.raises(ScenarioError, match=r"simulator\.sluice\.dev/traffic\]: 'lots' is no rate"):
        entry_of_route(a_route(to("a"), traffic="lots"), Scenario())
