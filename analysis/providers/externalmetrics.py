"""The external metrics API of Kubernetes: the first value of a metric, as a number.

Metric templates name it. `query` is `namespace/metric?labelSelector=…`; without a namespace it is `default`. With
`address` that server is asked, with the token of `secretRef` if there is one; otherwise the cluster's own API.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from analysis.errors import NoDataError, ProviderError, SettingsError
from analysis.model import Metric
from analysis.providers.reading import Fields, at, number_value, object_of, template_secret
from analysis.requests import Bearer, Cluster, Flow, Http, Provider, Server, Setting, Value, Verb

API = "external.metrics.k8s.io/v1beta1"
TIMEOUT = timedelta(seconds=5)
_FORM = "<namespace>/<metricName>?labelSelector=<urlencoded label selectors>"
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]?|[KMGTPE]i))")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def run(metric: Metric, setting: Setting) -> Flow:
    """Ask once."""
    fields = Fields(metric)
    namespace, name, selector = _parts(fields.needed("query", f"write it as {_FORM}"))
    if fields.text("address"):
        secret: Mapping[str, str] = {}
        if fields.mapping("secretRef"):
            secret = yield from template_secret(fields, setting, ("token",))
        auth = Bearer(secret["token"]) if secret.get("token") else None
        server = Server(fields.address(), (), auth, fields.flag("insecureSkipVerify"), TIMEOUT)
        path = f"/apis/{API}/namespaces/{quote(namespace)}/{quote(name)}"
        answer = yield Http(server, "GET", path, (("labelSelector", selector),) if selector else ())
        return _value(at(object_of(answer, "error querying external metrics API: the server"), "items"))
    found = yield Cluster(Verb.LIST, API, name, namespace, labels=selector)
    return _value(list(found))


def _parts(query: str) -> tuple[str, str, str]:
    """Namespace, metric and label selector."""
    path, _, rest = query.strip().partition("?")
    namespace, _, name = path.rpartition("/")
    if "/" in namespace.removeprefix("/"):
        raise SettingsError(
            f"error parsing metric query: malformed query string, too many slashes, expected {_FORM}, got {query}"
        )
    if not name:
        raise SettingsError("error parsing metric query: metric name cannot be empty")
    selectors = parse_qs(rest).get("labelSelector", [""])
    return unquote(namespace.strip("/")) or "default", unquote(name), selectors[0]


def _value(items: Any) -> Value:
    if not items:
        raise NoDataError("no external metrics found: no values found")
    return number_value(_amount(at(items, 0, "value")), "The external metrics API")


def _amount(quantity: Any) -> float:
    """A quantity as Kubernetes writes it: `12`, `120m`, `1.5Ki`, `1e3`."""
    match = _QUANTITY.fullmatch(str(quantity))
    if match is None:
        raise ProviderError(f"the external metrics API answered with a value that is no quantity: {quantity!r}")
    digits, exponent, suffix = match.groups()
    if exponent:
        return float(digits + exponent)
    if suffix in _BINARY:
        return float(digits) * 1024.0 ** _BINARY[suffix]
    return float(f"{digits}e{_DECIMAL[suffix or '']}")


PROVIDER = Provider(run=run)
