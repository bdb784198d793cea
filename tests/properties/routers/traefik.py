"""TraefikServices as users have them: our two Services among others, in any order."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from rollouts.model.objects import Json
from tests.properties.routers.specimen import Specimen

OURS = ("stable", "canary")
services = st.builds(
    lambda order, others, sticky: (
        [{"name": name, "port": 80} | ({"sticky": {"cookie": {}}} if sticky else {}) for name in order] + others
    ),
    st.permutations(OURS),
    st.lists(st.just({"name": "third", "port": 81, "weight": 7}), max_size=1),
    st.booleans(),
)
objects = services.map(
    lambda listed: {
        "apiVersion": "traefik.io/v1alpha1",
        "kind": "TraefikService",
        "metadata": {"name": "shop", "namespace": "default", "resourceVersion": "7"},
        "spec": {"weighted": {"services": listed, "sticky": {"cookie": {"secure": True}}}},
    }
)


def _foreign(obj: Json) -> list[Any]:
    """All of a TraefikService but the weights of our two."""
    spec = deepcopy(obj["spec"])
    for service in spec["weighted"]["services"]:
        if service["name"] in OURS:
            service.pop("weight", None)
    return [spec, obj["metadata"]]


def _reversed(obj: Json) -> None:
    obj["spec"]["weighted"]["services"].reverse()


SPECIMEN = Specimen({"weightedTraefikServiceName": "shop"}, objects.map(lambda obj: [obj]), _foreign, reorder=_reversed)
