"""The questions that the built-in metrics ask Prometheus. Called by analysis; one family, that of plain HTTP.

Gateway API and Kubernetes share it: counters of the pods themselves, found by the names of the target's pods.
"""

import re

from rollouts.model.strategy import Pair

SUCCESS_RATE = "request-success-rate"
DURATION = "request-duration"
BUILTIN = (SUCCESS_RATE, DURATION)
PROBE = "vector(1)"

_FUNCTION = re.compile(r"{{-?\s*(.*?)\s*-?}}")


def builtin(name: str, namespace: str, target: str, interval: str) -> str:
    """The query of a built-in metric: percent of answers below 500, or the 99th percentile in seconds."""
    pods = f'kubernetes_namespace="{namespace}", kubernetes_pod_name=~"{target}-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)"'
    if name == SUCCESS_RATE:
        well = _rate("count", f'{pods}, status!~"5.*"', interval)
        return f"{well} / {_rate('count', pods, interval)} * 100"
    return f"histogram_quantile( 0.99, {_rate('bucket', pods, interval)} by (le) )"


def inline(query: str, *, name: str, namespace: str, pair: Pair, interval: str) -> str:
    """A user's query with its functions replaced; see `unknown_functions` for those that cannot be."""
    values = dict.fromkeys(("target", "ingress", "route"), pair.target)
    values |= {"name": name, "namespace": namespace, "service": pair.service, "interval": interval}
    return _FUNCTION.sub(lambda found: values.get(found[1], found[0]), query)


def unknown_functions(rendered: str) -> list[str]:
    """What still stands in braces after rendering."""
    return [found[1] for found in _FUNCTION.finditer(rendered)]


def _rate(suffix: str, labels: str, interval: str) -> str:
    return f"sum( rate( http_request_duration_seconds_{suffix}{{ {labels} }}[{interval}] ) )"
