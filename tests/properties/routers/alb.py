"""Ingresses of AWS load balancers as users have them: the root Service among others, annotations of other rollouts."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from rollouts.model.objects import Json
from tests.properties.routers.nginx import foreign_paths, rule
from tests.properties.routers.specimen import HEADERS_ONLY, Specimen

PREFIX = "alb.ingress.kubernetes.io"
MANAGED = "rollouts.argoproj.io/managed-alb-annotations"
ROOT = {"service": {"name": "root", "port": {"name": "use-annotation"}}}
OURS = (f"{PREFIX}/actions.root", f"{PREFIX}/actions.beta", f"{PREFIX}/conditions.beta", MANAGED)
annotations = st.sampled_from(
    [{}, {"team": "a"}, {f"{PREFIX}/actions.other": "{}", MANAGED: f'{{"other":["{PREFIX}/actions.other"]}}'}]
)
ingresses = st.builds(
    lambda told, before, after: {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "shop", "namespace": "default", "resourceVersion": "7"}
        | ({"annotations": told} if told else {}),
        "spec": {
            "rules": [
                rule("shop.example", [*before, {"path": "/", "pathType": "Prefix", "backend": ROOT}, *after]),
                {"host": "nothing.example"},
            ]
        },
    },
    annotations,
    foreign_paths,
    foreign_paths,
)


def _foreign(ingress: Json) -> list[Any]:
    """All of an Ingress but our annotations and the paths of our header route."""
    rules = deepcopy(ingress["spec"]["rules"])
    for each in rules:
        paths = each.get("http", {}).get("paths", [])
        paths[:] = [one for one in paths if one["backend"]["service"]["name"] != "beta"]
    told = ingress["metadata"].get("annotations", {})
    return [rules, {key: value for key, value in told.items() if key not in OURS}]


SPECIMEN = Specimen(
    {"ingress": "shop", "rootService": "root", "servicePort": 80},
    ingresses.map(lambda ingress: [ingress]),
    _foreign,
    managed=HEADERS_ONLY,
    has_experiments=True,
)
