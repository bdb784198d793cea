"""Stable Ingresses as users have them, with or without a canary Ingress of the rollout's beside them."""

from typing import Any

from hypothesis import strategies as st

from rollouts.model.objects import Json
from tests.properties.routers.specimen import Specimen


def path(service: str, where: str = "/") -> Json:
    """A path to a Service."""
    backend = {"service": {"name": service, "port": {"number": 80}}}
    return {"path": where, "pathType": "Prefix", "backend": backend}


def rule(host: str, paths: list[Json]) -> Json:
    """A rule for a host."""
    return {"host": host, "http": {"paths": paths}}


foreign_paths = st.lists(st.sampled_from([path("other", "/a"), path("third", "/b")]), max_size=2)
ingresses = st.builds(
    lambda before, after, has_class, others: {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "shop", "namespace": "default", "resourceVersion": "7", "annotations": {"team": "a"}},
        "spec": {"rules": [*others, rule("shop.example", [*before, path("stable"), *after])]}
        | ({"ingressClassName": "nginx"} if has_class else {}),
    },
    foreign_paths,
    foreign_paths,
    st.booleans(),
    st.lists(st.just(rule("other.example", [path("other")])), max_size=1),
)


def whole(obj: Json) -> Any:
    """A user's object that is only read: all of it."""
    return obj


SPECIMEN = Specimen({"stableIngress": "shop"}, ingresses.map(lambda ingress: [ingress]), whole)
