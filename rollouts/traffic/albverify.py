"""What AWS makes of an Ingress: do the rules of its load balancer carry the weights, and are the targets there?

Called by alb, where --aws-verify-target-group asks for it. Flows over the Query API of Elastic Load Balancing
(documented answers are in tests/unit/traffic/aws), signed by whoever carries the requests out; pure. A target group is
known by the tag that the load balancer controller gives it: `<namespace>/<ingress>-<service>:<port>`.

    hostname -> load balancer -> target groups -> tags        (whose group is it?)
                     └-> listeners -> rules -> weights        (rules that lead to canary and stable)
    TargetGroupBinding of the canary Service -> target health (is every ready pod's address in it?)
"""

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, ParseError, fromstring

from analysis.requests import Answer, Cluster, Http, Server, SigV4, Verb
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, text
from rollouts.traffic.bodies import number

API = "2015-12-01"
FORM = (("content-type", "application/x-www-form-urlencoded; charset=utf-8"),)
MOST_TAGGED = 20
"""Resources that one DescribeTags may name."""
_REGION = re.compile(r"\.(?:elb\.)?([a-z]{2}(?:-[a-z]+)+-\d+)\.(?:elb\.)?amazonaws\.com(\.cn)?$")

Ask = Generator[Any, Any, Any]


class AwsError(Exception):
    """AWS refuses, or does not know what it is asked for; the text is for people."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What has to hold for one Ingress: weights by the tag of the target group, at load balancers by name."""

    hostnames: tuple[str, ...]
    weights: Mapping[str, int]
    tag: str
    endpoint: str = ""


def are_weighed(asked: Asked) -> Ask:
    """Whether each target group has its weight; AwsError where AWS does not tell."""
    for hostname in asked.hostnames:
        server = _server(hostname, asked.endpoint)
        balancer = yield from _balancer(server, hostname)
        groups = yield from _groups(server, balancer, asked)
        rules = yield from _rules(server, balancer)
        seen = [weights for weights in map(_weights, rules) if groups.keys() <= weights.keys()]
        if len(groups) < len(asked.weights) or not seen:
            return False
        if any(weights[arn] != asked.weights[tag] for weights in seen for arn, tag in groups.items()):
            return False
    return bool(asked.hostnames)


def are_registered(namespace: str, service: str, api: str, endpoint: str = "") -> Ask:
    """Whether every ready address of a Service is in the target groups that are bound to it."""
    bindings = yield Cluster(Verb.LIST, api, "targetgroupbindings", namespace)
    arns = [arn for binding in bindings if (arn := _bound(binding, service))]
    if not arns:
        return True
    label = f"kubernetes.io/service-name={service}"
    slices = yield Cluster(Verb.LIST, "discovery.k8s.io/v1", "endpointslices", namespace, labels=label)
    wanted = {address for one in slices for address in _ready(one)}
    for arn in arns:
        described = yield from _described(_server_of(arn, endpoint), "DescribeTargetHealth", {"TargetGroupArn": arn})
        targets = [found for one in described for found in one.iterfind(".//TargetHealthDescriptions/member")]
        there = {
            _word(one, "Target/Id") for one in targets if _word(one, "TargetHealth/State") in ("healthy", "initial")
        }
        if not wanted <= there:
            return False
    return True


def _bound(binding: Json, service: str) -> str:
    """The target group that a binding ties to this Service by addresses, "" for other bindings."""
    spec = mapping(binding.get("spec"))
    is_ours = mapping(spec.get("serviceRef")).get("name") == service and spec.get("targetType", "ip") == "ip"
    return text(spec.get("targetGroupARN")) if is_ours else ""


def _ready(endpoint_slice: Json) -> Iterator[str]:
    for endpoint in map(mapping, items(endpoint_slice.get("endpoints"))):
        if mapping(endpoint.get("conditions")).get("ready") is not False:
            yield from (address for address in items(endpoint.get("addresses")) if isinstance(address, str))


def _server(hostname: str, endpoint: str) -> Server:
    """Where to ask about the load balancer of this name: its region is a part of the name."""
    found = _REGION.search(hostname)
    if found is None and not endpoint:
        raise AwsError(f"the load balancer {hostname} has no name of AWS's: its region is not known")
    region, is_china = (found[1], bool(found[2])) if found else ("", False)
    return _regional(region, endpoint, is_china=is_china)


def _server_of(arn: str, endpoint: str) -> Server:
    """Where to ask about a resource: `arn:<partition>:elasticloadbalancing:<region>:<account>:…`."""
    _, partition, _, region, *_ = [*arn.split(":"), "", "", "", ""]
    return _regional(region, endpoint, is_china=partition == "aws-cn")


def _regional(region: str, endpoint: str, *, is_china: bool) -> Server:
    address = f"https://elasticloadbalancing.{region}.amazonaws.com{'.cn' if is_china else ''}"
    return Server(endpoint or address, auth=SigV4(region, "elasticloadbalancing"))


def _balancer(server: Server, hostname: str) -> Ask:
    """The ARN of the load balancer with this DNS name."""
    described = yield from _described(server, "DescribeLoadBalancers", {"PageSize": "400"})
    for one in (found for page in described for found in page.iterfind(".//LoadBalancers/member")):
        if _word(one, "DNSName") == hostname:
            return _word(one, "LoadBalancerArn")
    raise AwsError(f"LoadBalancer {hostname} not found")


def _groups(server: Server, balancer: str, asked: Asked) -> Ask:
    """The load balancer's target groups that are asked for: ARN to tag."""
    described = yield from _described(server, "DescribeTargetGroups", {"LoadBalancerArn": balancer})
    arns = [_word(one, "TargetGroupArn") for page in described for one in page.iterfind(".//TargetGroups/member")]
    found: dict[str, str] = {}
    for start in range(0, len(arns), MOST_TAGGED):
        named = {f"ResourceArns.member.{at}": arn for at, arn in enumerate(arns[start : start + MOST_TAGGED], 1)}
        pages = yield from _described(server, "DescribeTags", named)
        for one in (each for page in pages for each in page.iterfind(".//TagDescriptions/member")):
            tags = {_word(tag, "Key"): _word(tag, "Value") for tag in one.iterfind("Tags/member")}
            if tags.get(asked.tag) in asked.weights:
                found[_word(one, "ResourceArn")] = tags[asked.tag]
    return found


def _rules(server: Server, balancer: str) -> Ask:
    """The rules of all listeners."""
    described = yield from _described(server, "DescribeListeners", {"LoadBalancerArn": balancer})
    arns = [_word(one, "ListenerArn") for page in described for one in page.iterfind(".//Listeners/member")]
    found: list[Element] = []
    for arn in arns:
        pages = yield from _described(server, "DescribeRules", {"ListenerArn": arn})
        found += [rule for page in pages for rule in page.iterfind(".//Rules/member")]
    return found


def _weights(rule: Element) -> dict[str, int]:
    """The weight of each target group that a rule forwards to."""
    groups = rule.iterfind("Actions/member/ForwardConfig/TargetGroups/member")
    return {_word(one, "TargetGroupArn"): number(_word(one, "Weight")) or 0 for one in groups}


def _described(server: Server, action: str, params: Mapping[str, str]) -> Ask:
    """All pages of an answer."""
    pages: list[Element] = []
    marker = ""
    while True:
        form = {"Action": action, "Version": API, **params, **({"Marker": marker} if marker else {})}
        answer = yield Http(server, "POST", "/", headers=FORM, body=urlencode(form).encode())
        pages.append(_read(answer, action))
        marker = _word(pages[-1], ".//NextMarker")
        if not marker:
            return pages


def _read(answer: Answer, action: str) -> Element:
    body = answer.text
    if "<!" in body:  # no answer of AWS's declares entities: nothing is expanded here
        raise AwsError(f"{action}: {answer.status}: an answer with declarations")
    try:
        root = fromstring(re.sub(r'\sxmlns="[^"]*"', "", body, count=1))
    except ParseError:
        raise AwsError(f"{action}: {answer.status}: {body[:200]}") from None
    if not answer.is_good:
        raise AwsError(f"{action}: {answer.status}: {_word(root, './/Code')}: {_word(root, './/Message')}")
    return root


def _word(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def hostnames_of(ingress: Json) -> tuple[str, ...]:
    """The load balancers that an Ingress says it has."""
    status = mapping(mapping(ingress.get("status")).get("loadBalancer"))
    return tuple(name for one in map(mapping, items(status.get("ingress"))) if (name := text(one.get("hostname"))))


def tags_of(place: tuple[str, str], port: str, services: Sequence[tuple[str, int]]) -> dict[str, int]:
    """Tag to weight for the Services behind an Ingress (namespace and name)."""
    namespace, ingress = place
    return {f"{namespace}/{ingress}-{service}:{port}": weight for service, weight in services}
