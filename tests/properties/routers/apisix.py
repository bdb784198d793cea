"""ApisixRoutes as users have them: a rule of ours among foreign ones, foreign backends in it."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from rollouts.model.objects import Json
from tests.properties.routers.specimen import HEADERS_ONLY, Specimen

OURS = ("stable", "canary")
foreign_backends = st.lists(st.just({"serviceName": "other", "servicePort": 81, "weight": 3}), max_size=1)
foreign_rules = st.lists(
    st.just({"name": "api", "backends": [{"serviceName": "stable", "servicePort": 80, "weight": 100}]}), max_size=1
)
own_rules = st.builds(
    lambda order, others, priority: (
        {
            "name": "web",
            "match": {"paths": ["/*"]},
            "backends": [{"serviceName": name, "servicePort": 80} for name in order] + others,
        }
        | ({} if priority is None else {"priority": priority})
    ),
    st.permutations(OURS),
    foreign_backends,
    st.one_of(st.none(), st.integers(0, 9)),
)
routes = st.builds(
    lambda own, before, after: {
        "apiVersion": "apisix.apache.org/v2",
        "kind": "ApisixRoute",
        "metadata": {"name": "shop", "namespace": "default", "resourceVersion": "7", "labels": {"team": "a"}},
        "spec": {"http": [*before, own, *after]},
    },
    own_rules,
    foreign_rules,
    foreign_rules,
)


def _foreign(route: Json) -> list[Any]:
    """All of a route but our backends' weights in our rule."""
    rules = deepcopy(route["spec"]["http"])
    for rule in rules:
        for backend in rule["backends"] if rule["name"] == "web" else ():
            if backend["serviceName"] in OURS:
                backend.pop("weight", None)
    return [rules, route["metadata"]]


def _reversed(route: Json) -> None:
    for rule in route["spec"]["http"]:
        rule["backends"].reverse()


SPECIMEN = Specimen(
    {"route": {"name": "shop", "rules": ["web"]}},
    routes.map(lambda route: [route]),
    _foreign,
    managed=HEADERS_ONLY,
    reorder=_reversed,
)
