"""Routers that write objects of the rollout's own only: what users bring is read, or there is nothing of theirs."""

from hypothesis import strategies as st

from rollouts.model.objects import Json
from tests.properties.routers.nginx import whole
from tests.properties.routers.specimen import Specimen

mappings = st.builds(
    lambda service, timeout: {
        "apiVersion": "getambassador.io/v2",
        "kind": "Mapping",
        "metadata": {"name": "shop", "namespace": "default", "resourceVersion": "7", "labels": {"team": "a"}},
        "spec": {"prefix": "/", "service": service} | ({"timeout_ms": 3000} if timeout else {}),
    },
    st.sampled_from(["stable", "stable:80", "https://stable.default:8443"]),
    st.booleans(),
)
nothing_of_theirs: st.SearchStrategy[list[Json]] = st.just([])

AMBASSADOR = Specimen({"mappings": ["shop"]}, mappings.map(lambda mapping: [mapping]), whole)
SMI = Specimen({"rootService": "root"}, nothing_of_theirs, whole, has_experiments=True)
