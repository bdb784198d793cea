"""What AWS is asked of a weight, and what its answers mean."""

from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from analysis.http_client import HttpClient
from analysis.outside import Outside
from analysis.reach import Reach
from analysis.requests import Cluster, Http
from rollouts.model.objects import Json
from rollouts.model.questions import Verified
from rollouts.model.strategy import Canary, Router
from rollouts.model.weights import Share, Shares
from rollouts.traffic.alb import Alb
from rollouts.traffic.protocol import Flow, Options
from tests.builders.rollouts import a_rollout
from tests.builders.servers import serving
from tests.unit.traffic.loadbalancing import HOST, REGION, Balancing, arn

ROUTER = Router("alb", {"ingress": "shop", "servicePort": 80})
ROLLOUT = a_rollout(Canary((), "stable", "canary", (ROUTER,)))
SHARES = Shares(Share(20, "canary"), Share(80, "stable"))
BINDING: Json = {
    "spec": {"serviceRef": {"name": "canary"}, "targetType": "ip", "targetGroupARN": arn("targetgroup", "0")}
}
SLICE: Json = {"endpoints": [{"addresses": ["10.0.0.1"]}, {"addresses": ["10.0.0.2"], "conditions": {"ready": False}}]}


def an_ingress(*hosts: str) -> Json:
    """The Ingress with these load balancers."""
    return {"status": {"loadBalancer": {"ingress": [{"hostname": host} for host in hosts]}}}


def told(balancing: Balancing, ingress: Json | None = None, bindings: tuple[Json, ...] = ()) -> Verified:
    """What the flow makes of this account and these bindings."""
    provider = Alb(Options(verifies_target_groups=True))
    (ref,) = provider.touches(ROLLOUT, ROUTER)
    flow = provider.verify(ROLLOUT, ROUTER, {ref: ingress or an_ingress(HOST)}, SHARES)
    answer: Any = None
    while not isinstance(request := step(flow, answer), Verified):
        match request:
            case Http():
                assert request.server.address == f"https://elasticloadbalancing.{REGION}.amazonaws.com"
                answer = balancing.answer(request)
            case Cluster(plural="targetgroupbindings"):
                answer = bindings
            case _:
                answer = (SLICE,)
    return request


def step(flow: Flow, answer: Any) -> Any:
    """The flow's next request, or its verdict."""
    try:
        return flow.send(answer)
    except StopIteration as end:
        return end.value


def test_nobody_is_asked_unless_the_operator_wants_it() -> None:
    """Without --aws-verify-target-group nobody can tell, and nobody waits."""
    provider = Alb(Options())
    flow = provider.verify(ROLLOUT, ROUTER, {}, SHARES)

    assert step(flow, None) == Verified(None)
    assert not provider.asks(ROLLOUT, ROUTER, {})


def test_a_weight_holds_once_the_rules_carry_it() -> None:
    """The rule that leads to both target groups has both weights: every page of every answer is read."""
    balancing = Balancing()

    assert told(balancing) == Verified(True)
    assert balancing.asked == [
        *("DescribeLoadBalancers", "DescribeLoadBalancers"),
        *("DescribeTargetGroups", "DescribeTags", "DescribeListeners", "DescribeRules"),
    ]


@pytest.mark.parametrize(
    "balancing",
    [
        Balancing(rules=({"default/shop-canary:80": 10, "default/shop-stable:80": 90},)),
        Balancing(rules=()),
        Balancing(groups=("default/shop-stable:80",), rules=({"default/shop-stable:80": 80},)),
    ],
)
def test_a_weight_does_not_hold_yet(balancing: Balancing) -> None:
    """Old weights, no rule, or no target group of the canary's: not yet, which is no error."""
    assert told(balancing) == Verified(False)


def test_a_header_route_is_no_weight() -> None:
    """A rule that leads to the canary alone says nothing of the split."""
    balancing = Balancing(rules=({"default/shop-canary:80": 100}, *Balancing().rules))

    assert told(balancing) == Verified(True)


def test_many_target_groups_are_asked_for_by_twenty() -> None:
    """DescribeTags takes twenty resources at most."""
    others = tuple(f"default/other-{number}:80" for number in range(30))
    balancing = Balancing(groups=(*others, *Balancing().groups))

    assert told(balancing) == Verified(True)
    assert balancing.asked.count("DescribeTags") == 2


def test_an_ingress_without_a_load_balancer_waits() -> None:
    """As long as the Ingress has no load balancer, no weight holds."""
    assert told(Balancing(), {"status": {}}) == Verified(False)


@pytest.mark.parametrize(
    ("balancing", "host", "words"),
    [
        (Balancing(hosts=("other",)), HOST, f"LoadBalancer {HOST} not found"),
        (
            Balancing(refusal=("AccessDenied", "not allowed")),
            HOST,
            "DescribeLoadBalancers: 403: AccessDenied: not allowed",
        ),
        (Balancing(), "lb.example", "the load balancer lb.example has no name of AWS's: its region is not known"),
    ],
)
def test_what_stands_in_the_way_is_told(balancing: Balancing, host: str, words: str) -> None:
    """An unknown load balancer, a refusal and a foreign name are errors in words."""
    assert told(balancing, an_ingress(host)) == Verified(False, words)


@pytest.mark.parametrize(("targets", "verified"), [(("10.0.0.1",), True), ((), False), (("10.0.0.2",), False)])
def test_ready_pods_are_targets_first(targets: tuple[str, ...], verified: bool) -> None:
    """A weight counts once every ready pod of the canary Service is in the target group that is bound to it."""
    assert told(Balancing(targets=targets), bindings=(BINDING,)) == Verified(verified)


def test_bindings_by_instances_tell_nothing() -> None:
    """Targets that are nodes have no addresses of pods."""
    binding = {"spec": {**BINDING["spec"], "targetType": "instance"}}

    assert told(Balancing(), bindings=(binding,)) == Verified(True)


async def test_requests_are_signed() -> None:
    """Over the real HTTP client: a form by POST, signed for the region of the load balancer's name."""
    balancing, seen = Balancing(), []

    async def handle(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        status, document = balancing.said(await request.read())
        return web.Response(status=status, body=document, content_type="text/xml")

    app = web.Application()
    app.router.add_post("/", handle)
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
    client = HttpClient(Outside(Reach(), keys, lambda: datetime(2026, 11, 1, tzinfo=UTC)))
    async with serving(app) as address:
        provider = Alb(Options(verifies_target_groups=True, elb_endpoint=address))
        (ref,) = provider.touches(ROLLOUT, ROUTER)
        flow, answer = provider.verify(ROLLOUT, ROUTER, {ref: an_ingress(HOST)}, SHARES), None
        while not isinstance(request := step(flow, answer), Verified):
            answer = await client.send(request) if isinstance(request, Http) else ()
        await client.close()

    assert request == Verified(True)
    assert all(f"AKIDEXAMPLE/20261101/{REGION}/elasticloadbalancing/aws4_request" in one for one in seen)
    assert len(seen) == 6
