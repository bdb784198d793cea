"""The questions that the built-in metrics ask Prometheus. Called by analysis; one family, that of plain HTTP.

Gateway API and Kubernetes share it: counters of the pods themselves, found by the names of the target's pods. All
families are data in analysis/builtin.py.
"""

import re

from analysis import builtin as metrics
from analysis.builtin import FAMILIES, Target
from rollouts.model.strategy import Pair

SUCCESS_RATE = metrics.SUCCESS_RATE
BUILTIN = metrics.NAMES
PROBE = "vector(1)"

_FUNCTION = re.compile(r"{{-?\s*(.*?)\s*-?}}")


def builtin(name: str, namespace: str, target: str, interval: str) -> str:
    """The query of a built-in metric: percent of answers below 500, or the 99th percentile in seconds."""
    return FAMILIES["http"].query(name, Target(namespace, target, target, target, target), interval)


def inline(query: str, *, name: str, namespace: str, pair: Pair, interval: str) -> str:
    """A user's query with its functions replaced; see `unknown_functions` for those that cannot be."""
    values = dict.fromkeys(("target", "ingress", "route"), pair.target)
    values |= {"name": name, "namespace": namespace, "service": pair.service, "interval": interval}
    return _FUNCTION.sub(lambda found: values.get(found[1], found[0]), query)


def unknown_functions(rendered: str) -> list[str]:
    """What still stands in braces after rendering."""
    return [found[1] for found in _FUNCTION.finditer(rendered)]
