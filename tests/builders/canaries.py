"""Canaries for scenarios, by name and without a namespace: the stage puts them into its own. No test in here.

[a_deployment(), a_canary(steps(20, most=40))]
"""

from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.manifests import a_pod, an_object

STRICT = {"sluice.dev/flagger-strict": "true"}


def a_deployment(name: str = "web", *, image: str = "web:v1", replicas: int = 2, pod: Json | None = None) -> Json:
    """A user's workload."""
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": pod or a_pod(name, image)}
    return an_object(kinds.DEPLOYMENTS, name, spec=spec)


def a_canary(
    analysis: Json, *, name: str = "web", target: str = "", provider: str = "gatewayapi:v1", **spec: Any
) -> Json:
    """A Canary of a Deployment; `analysis` by steps or rounds."""
    service = {"port": 80, "targetPort": 8080, "gatewayRefs": [{"name": "public"}]}
    body = {
        "provider": provider,
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": target or name},
        "service": service,
        "analysis": analysis,
        **spec,
    }
    return an_object(kinds.CANARIES, name, spec=body)


def steps(step: int, *, most: int = 100, **fields: Any) -> Json:
    """An analysis that gives the new version `step` percent more in each tick of a second."""
    return {"interval": "1s", "threshold": 2, "stepWeight": step, "maxWeight": most, **fields}


def rounds(count: int, **fields: Any) -> Json:
    """An analysis that watches the new version for so many ticks of a second."""
    return {"interval": "1s", "threshold": 2, "iterations": count, **fields}


def a_gate(moment: str, url: str, **fields: Any) -> Json:
    """A webhook, named for the moment at which it is called; `url` by stage.hook or stage.load_tester."""
    return {"name": moment, "type": moment, "url": url, **fields}


def a_metric_template(query: str, address: str, name: str = "errors") -> Json:
    """A query that is filled in for each Canary; `address` is the Prometheus of the stage."""
    return an_object(
        kinds.METRIC_TEMPLATES, name, spec={"provider": {"type": "prometheus", "address": address}, "query": query}
    )


def at_most(query: str, bound: float, name: str = "errors") -> Json:
    """A metric whose value may not be above a bound; `query` by stage.says."""
    return {"name": name, "query": query, "interval": "1s", "thresholdRange": {"max": bound}}
