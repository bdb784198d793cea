"""Elastic Load Balancing for tests: one load balancer, answering in the shapes of the API reference (2015-12-01).

The actions follow the pages "DescribeLoadBalancers", "DescribeTargetGroups", "DescribeTags", "DescribeListeners",
"DescribeRules" and "DescribeTargetHealth" of that reference: lists are elements `member`, errors are `ErrorResponse`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from analysis.requests import Answer, Http

REGION = "eu-west-1"
HOST = f"k8s-shop-1234.{REGION}.elb.amazonaws.com"
_SPACE = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"


def arn(kind: str, name: str) -> str:
    """The ARN of a resource."""
    return f"arn:aws:elasticloadbalancing:{REGION}:123456789012:{kind}/{name}"


@dataclass
class Balancing:
    """The account: target groups by tag, the rules of the one listener, and addresses that are healthy targets.

    Load balancers come in pages of one; `refusal` is what every action is answered with, if anything.
    """

    groups: tuple[str, ...] = ("default/shop-canary:80", "default/shop-stable:80")
    rules: tuple[Mapping[str, int], ...] = ({"default/shop-canary:80": 20, "default/shop-stable:80": 80},)
    targets: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ("other.eu-west-1.elb.amazonaws.com", HOST)
    refusal: tuple[str, str] | None = None
    asked: list[str] = field(default_factory=list)

    def answer(self, request: Http) -> Answer:
        """The answer to a request of the Query API."""
        return Answer(*self.said(request.body), address=request.server.address)

    def said(self, body: bytes) -> tuple[int, bytes]:
        """Status and document."""
        form = dict(parse_qsl(body.decode()))
        action = form["Action"]
        self.asked.append(action)
        if self.refusal is not None:
            code, message = self.refusal
            error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            return 403, f'<ErrorResponse xmlns="{_SPACE}">{error}</ErrorResponse>'.encode()
        inner = getattr(self, f"_{action.removeprefix('Describe').lower()}")(form)
        result = f"<{action}Result>{inner}</{action}Result>"
        meta = "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
        return 200, f'<{action}Response xmlns="{_SPACE}">{result}{meta}</{action}Response>'.encode()

    def _loadbalancers(self, form: Mapping[str, str]) -> str:
        page = int(form.get("Marker", "0"))
        one = _fields(LoadBalancerArn=arn("loadbalancer/app", str(page)), DNSName=self.hosts[page])
        more = f"<NextMarker>{page + 1}</NextMarker>" if page + 1 < len(self.hosts) else ""
        return _listed("LoadBalancers", one) + more

    def _targetgroups(self, _: Mapping[str, str]) -> str:
        groups = (_fields(TargetGroupArn=arn("targetgroup", str(at))) for at, _ in enumerate(self.groups))
        return _listed("TargetGroups", *groups)

    def _tags(self, form: Mapping[str, str]) -> str:
        asked = [value for key, value in form.items() if key.startswith("ResourceArns.member.")]
        tagged = ((one, self.groups[int(one.rpartition("/")[2])]) for one in asked)
        return _listed("TagDescriptions", *(_fields(ResourceArn=one) + _tag(value) for one, value in tagged))

    def _listeners(self, _: Mapping[str, str]) -> str:
        return _listed("Listeners", _fields(ListenerArn=arn("listener", "80")))

    def _rules(self, _: Mapping[str, str]) -> str:
        return _listed("Rules", *map(self._rule, self.rules))

    def _rule(self, weights: Mapping[str, int]) -> str:
        groups = (
            _fields(TargetGroupArn=arn("targetgroup", str(self.groups.index(tag))), Weight=str(weight))
            for tag, weight in weights.items()
        )
        action = f"<Type>forward</Type><ForwardConfig>{_listed('TargetGroups', *groups)}</ForwardConfig>"
        return _listed("Actions", action)

    def _targethealth(self, _: Mapping[str, str]) -> str:
        healthy = "<TargetHealth><State>healthy</State></TargetHealth>"
        targets = (f"<Target><Id>{address}</Id><Port>8080</Port></Target>{healthy}" for address in self.targets)
        return _listed("TargetHealthDescriptions", *targets)


def _tag(value: str) -> str:
    return _listed("Tags", _fields(Key="ingress.k8s.aws/resource", Value=value))


def _fields(**values: str) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items())


def _listed(name: str, *members: str) -> str:
    return f"<{name}>{''.join(f'<member>{one}</member>' for one in members)}</{name}>"
