"""Where a mesh sends a plain request."""

from typing import Any

from rollouts.simulator.scenario import Scenario
from rollouts.simulator.traffic.gateway import Backend
from rollouts.simulator.traffic.mesh import entry_of_mesh

META = {"namespace": "shop", "name": "web"}


def to(host: str, weight: int | None = None, **more: Any) -> dict[str, Any]:
    """A weighted destination."""
    return {"destination": {"host": host, **more}} | ({} if weight is None else {"weight": weight})


def entry(*routes: dict[str, Any], subsets: list[dict[str, Any]] | None = None, **scenario: Any) -> Any:
    """What the VirtualService shop/web takes, beside a DestinationRule of the host `web` with these subsets."""
    service = {"metadata": META, "spec": {"http": list(routes)}}
    rule = {"metadata": META, "spec": {"host": "web.shop.svc.cluster.local", "subsets": subsets or []}}
    return entry_of_mesh(service, (rule,), Scenario(**scenario))


def test_hosts_are_services_however_they_are_written() -> None:
    """A short name is the VirtualService's own namespace's; a lone destination needs no weight, others do."""
    pair = {"route": [to("stable", 90), to("canary.edge.svc.cluster.local", 10), to("idle")]}

    assert entry(pair).rules == (
        (Backend(("shop", "stable"), 90), Backend(("edge", "canary"), 10), Backend(("shop", "idle"), 0)),
    )
    assert entry({"route": [to("stable")]}).rules == ((Backend(("shop", "stable"), 1),),)


def test_a_subset_leads_to_one_version() -> None:
    """By the hash among its labels; without one, or without such a subset, to all pods of the host."""
    subsets = [
        {"name": "new", "labels": {"rollouts-pod-template-hash": "abc"}},
        {"name": "any", "labels": {"app": "web"}},
    ]
    route = {"route": [to("web", 1, subset="new"), to("web", 1, subset="any"), to("web", 1)]}

    (backends,) = entry(route, subsets=subsets).rules

    assert [backend.hash for backend in backends] == ["abc", "", ""]


def test_a_plain_request_meets_no_route_for_particular_ones() -> None:
    """Routes for headers or another method get nothing, nor do redirects; a mirror route takes its path from others."""
    testers = {"match": [{"headers": {"X-Tester": {"exact": "yes"}}}], "route": [to("canary")]}
    posts = {"match": [{"method": {"exact": "POST"}}], "route": [to("canary")]}
    moved = {"match": [{"uri": {"prefix": "/old"}}], "redirect": {"uri": "/new"}}
    copies = {"match": [{"uri": {"prefix": "/"}}], "route": [to("stable")], "mirror": {"host": "canary"}}

    found = entry(testers, posts, moved, copies, {"route": [to("hidden")]})

    assert found.rules == ((Backend(("shop", "stable"), 1),),)


def test_traffic_comes_by_the_scenario() -> None:
    """A rate of its own, or the default."""
    assert entry({"route": [to("stable")]}, requests_per_second=7).rate == 7
    assert entry({"route": [to("stable")]}, requests_per_second=7, routes={"shop/web": 3}).rate == 3
