"""Flagger's built-in metrics as data: what each mesh or gateway counts, and how its counters become the two numbers.

Called by dialects/flagger. `request-success-rate` is percent, `request-duration` milliseconds, or seconds where the
family says so. A query is a template of PromQL with $namespace, $target, $service, $ingress, $route and $interval; its
blanks are Flagger's, so that dashboards and recorded queries keep finding it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

SUCCESS_RATE = "request-success-rate"
DURATION = "request-duration"
NAMES = (SUCCESS_RATE, DURATION)


@dataclass(frozen=True, slots=True)
class Target:
    """What a query is about. `route` is the newest revision's where there are such, else that of the mesh."""

    namespace: str
    target: str
    service: str
    ingress: str
    route: str


@dataclass(frozen=True, slots=True)
class Family:
    """The two queries of a mesh. `counts_seconds`: its duration is in seconds. `plain_words`: its routes' names hold
    letters, digits and underscores only.
    """

    success_rate: str
    duration: str
    counts_seconds: bool = False
    plain_words: bool = False

    def query(self, name: str, about: Target, interval: str) -> str:
        """The PromQL of a built-in metric."""
        words = {field: str(getattr(about, field)) for field in Target.__slots__}
        if self.plain_words:
            words = {field: re.sub(r"\W", "_", word, flags=re.ASCII) for field, word in words.items()}
        template = self.success_rate if name == SUCCESS_RATE else self.duration
        return Template(template).substitute(words, interval=interval)


def _share(counter: str, good: str, every: str) -> str:
    """How many percent of what is counted are good."""
    return f" {_rate(counter, good)} / {_rate(counter, every)} * 100"


def _rate(series: str, labels: str) -> str:
    return f"sum( rate( {series}{{ {labels} }}[$interval] ) )"


def _slowest(buckets: str, labels: str) -> str:
    """The 99th percentile of a histogram."""
    return f" histogram_quantile( 0.99, {_rate(buckets, labels)} by (le) )"


def _mean(series: str, labels: str) -> str:
    """Seconds that a request took on average, in milliseconds."""
    return f" {_rate(f'{series}_sum', labels)} / {_rate(f'{series}_count', labels)} * 1000"


def _envoy(labels: str, *, is_open: bool = True) -> Family:
    """Envoy's own counters. `is_open`: Flagger leaves a comma behind the last label."""
    every = f"{labels}," if is_open else labels
    return Family(
        _share("envoy_cluster_upstream_rq", f'{labels}, envoy_response_code!~"5.*"', every),
        _slowest("envoy_cluster_upstream_rq_time_bucket", every),
    )


_PODS = 'kubernetes_namespace="$namespace", kubernetes_pod_name=~"$target-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)"'
_ISTIO = 'reporter="destination", destination_workload_namespace="$namespace", destination_workload=~"$target"'
_LINKERD = 'namespace="$namespace", deployment=~"$target"'
_OSM = 'destination_namespace="$namespace", destination_kind="Deployment", destination_name="$target"'
_NGINX = 'namespace="$namespace", ingress="$ingress", canary!=""'
_TRAEFIK = 'service=~"$namespace-$target-canary-[0-9a-zA-Z-]+@kubernetescrd"'
_APISIX = 'route=~"${namespace}_$route-$target-canary_.+"'
_SKIPPER = 'route=~"kube(ew)?_${namespace}__${ingress}_canary__.*__${service}_canary(_[0-9]+)?"'


_EVERY = f'{_SKIPPER},le="+Inf"'
_GOOD = f'{_SKIPPER},code!~"5..",le="+Inf"'
_ANSWERS = "skipper_response_duration_seconds_bucket"
_SERVED = "skipper_serve_route_duration_seconds"


def _skipper(series: str, labels: str) -> str:
    return f"sum(rate({series}{{{labels}}}[$interval]))"


FAMILIES: Mapping[str, Family] = {
    "istio": Family(
        _share("istio_requests_total", f'{_ISTIO}, response_code!~"5.*"', _ISTIO),
        _slowest("istio_request_duration_milliseconds_bucket", _ISTIO),
    ),
    "linkerd": Family(
        _share(
            "response_total",
            f'{_LINKERD}, classification!="failure", direction="inbound"',
            f'{_LINKERD}, direction="inbound"',
        ),
        _slowest("response_latency_ms_bucket", f'{_LINKERD}, direction="inbound"'),
    ),
    "osm": Family(
        _share("osm_request_total", f'{_OSM}, response_code!~"5.*"', _OSM),
        _slowest("osm_request_duration_ms_bucket", _OSM),
    ),
    "appmesh": _envoy(_PODS, is_open=False),
    "contour": _envoy('envoy_cluster_name=~"${namespace}_$service-canary_[0-9a-zA-Z-]+"'),
    "gloo": _envoy('envoy_cluster_name=~"$namespace-$target-canaryupstream-[0-9a-zA-Z-]+_[0-9a-zA-Z-]+"'),
    "kuma": _envoy('service=~"$target-canary_${namespace}_svc_[0-9a-zA-Z-]+"'),
    "knative": _envoy('envoy_cluster_name=~"$namespace/$route"'),
    "nginx": Family(
        _share("nginx_ingress_controller_requests", f'{_NGINX}, status!~"5.*"', _NGINX),
        _mean("nginx_ingress_controller_response_duration_seconds", _NGINX),
    ),
    "traefik": Family(
        _share(
            "traefik_service_request_duration_seconds_bucket",
            f'{_TRAEFIK}, code!~"5..", le="+Inf"',
            f'{_TRAEFIK}, le="+Inf"',
        ),
        _slowest("traefik_service_request_duration_seconds_bucket", _TRAEFIK) + " * 1000",
    ),
    "apisix": Family(
        _share("apisix_http_status", f'{_APISIX}, code!~"5.."', _APISIX),
        _slowest("apisix_http_latency_bucket", f'type=~"request", {_APISIX}'),
    ),
    "skipper": Family(
        f" {_skipper(_ANSWERS, _GOOD)} / {_skipper(_ANSWERS, _EVERY)} * 100",
        f" {_skipper(f'{_SERVED}_sum', _SKIPPER)} / {_skipper(f'{_SERVED}_count', _SKIPPER)} * 1000",
        plain_words=True,
    ),
    "http": Family(
        _share("http_request_duration_seconds_count", f'{_PODS}, status!~"5.*"', _PODS),
        _slowest("http_request_duration_seconds_bucket", _PODS),
        counts_seconds=True,
    ),
}

_BY_PREFIX = {"appmesh": "appmesh", "gloo": "gloo", "gatewayapi": "http"}
"""Providers that come with a version, or as `…:service`."""


def family_of(provider: str) -> Family:
    """The family that a Canary's provider is judged by. Flagger: what it does not know is Istio's."""
    name = next((family for prefix, family in _BY_PREFIX.items() if provider.startswith(prefix)), provider)
    return FAMILIES["http" if name == "kubernetes" else name if name in FAMILIES else "istio"]
