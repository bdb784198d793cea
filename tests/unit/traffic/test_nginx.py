"""ingress-nginx: what is wrong with Ingresses, whose the canary's is, and what Git may say of it."""

from typing import Any

from rollouts.model.objects import Create, Json, Modify
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, Router
from rollouts.model.weights import Share, Shares, Unknown, Weights
from rollouts.traffic import bodies
from rollouts.traffic.nginx import Nginx
from rollouts.traffic.protocol import Desired
from tests.builders.rollouts import a_rollout

PROVIDER = Nginx()


def routed(total: int | None = None, **settings: Any) -> tuple[Rollout, Router]:
    """A rollout with this router; `total` is its maxTrafficWeight."""
    router = Router("nginx", settings or {"stableIngress": "web"})
    strategy = Canary((), "stable", "canary", (router,), total or 100, is_max_weight_given=total is not None)
    return a_rollout(strategy), router


def an_ingress(name: str = "web", service: str = "stable", **meta: Any) -> Json:
    """An Ingress that leads to one Service."""
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": service, "port": {"number": 80}}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": "default", "resourceVersion": "3", **meta},
        "spec": {"rules": [{"http": {"paths": [path]}}]},
    }


def split(weight: int, total: int = 100) -> Desired:
    """A canary at this weight."""
    return Desired(Shares(Share(weight, "canary"), Share(total - weight, "stable"), total=total))


def test_every_stable_ingress_has_a_canary_of_its_own() -> None:
    """Several stable Ingresses are read, and as many made; a long name is cut before its suffix."""
    rollout, router = routed(stableIngresses=["web", "i" * 250])

    names = [ref.name for ref in PROVIDER.touches(rollout, router)]

    assert names[:2] == ["web", "shop-web-canary"]
    assert (len(names[3]), names[3][-8:]) == (253, "i-canary")


def test_what_is_wrong_is_told_in_argos_words() -> None:
    """No name, no such Ingress, no rule for the stable Service: each is a fault."""
    unnamed = PROVIDER.faults(*routed(annotationPrefix="x"), {})
    rollout, router = routed()
    stable, _ = PROVIDER.touches(rollout, router)
    missing = PROVIDER.faults(rollout, router, {})
    astray = PROVIDER.faults(rollout, router, {stable: an_ingress(service="other")})

    assert [fault.message for fault in (*unnamed, *missing, *astray)] == [
        "names no Ingress",
        'Invalid value: "web": ingress.networking.k8s.io "web" not found',
        'Invalid value: "web": ingress `web` has no rules using service stable backend',
    ]
    assert PROVIDER.faults(rollout, router, {stable: an_ingress()}) == ()


def test_the_total_is_written_where_it_is_given() -> None:
    """A maxTrafficWeight of 100 is written too, once somebody gave it."""
    for total, expected in ((None, None), (100, "100"), (1000, "1000")):
        rollout, router = routed(total)
        stable, canary = PROVIDER.touches(rollout, router)
        (change,) = PROVIDER.render(rollout, router, {stable: an_ingress(), canary: None}, split(5)).changes
        assert isinstance(change, Create)
        marks = change.body["metadata"]["annotations"]
        assert marks.get("nginx.ingress.kubernetes.io/canary-weight-total") == expected


def test_a_class_that_goes_is_taken_back() -> None:
    """What the stable Ingress does not say, the canary's does not say either; marks of others stay."""
    rollout, router = routed()
    stable, canary = PROVIDER.touches(rollout, router)
    ours = {"ownerReferences": [bodies.owner_of(rollout)], "annotations": {"extra": "kept"}}
    standing = an_ingress("shop-web-canary", "canary", **ours)
    standing["spec"]["ingressClassName"] = "nginx"

    (change,) = PROVIDER.render(rollout, router, {stable: an_ingress(), canary: standing}, split(5)).changes

    assert isinstance(change, Modify)
    assert change.version == "3"
    assert change.body["spec"] == {"ingressClassName": None}
    assert "extra" not in change.body["metadata"]["annotations"]


def test_a_strangers_ingress_is_left_alone() -> None:
    """An Ingress of the canary's name that somebody else made is neither changed nor removed."""
    rollout, router = routed()
    stable, canary = PROVIDER.touches(rollout, router)
    objects = {stable: an_ingress(), canary: an_ingress("shop-web-canary")}

    rendered = PROVIDER.render(rollout, router, objects, split(5))

    assert (rendered.changes, rendered.error) == (
        (),
        "canary ingress `shop-web-canary` controlled by different object",
    )
    assert PROVIDER.clean(rollout, router, objects).changes == ()
    assert isinstance(PROVIDER.read(rollout, router, objects), Unknown)


def test_git_may_hold_the_canarys_ingress() -> None:
    """A canary Ingress that Git holds as well keeps its live weight; the stable one is as Git says."""
    rollout, router = routed()
    live = an_ingress("shop-web-canary", annotations={"nginx.ingress.kubernetes.io/canary-weight": "20", "x": "live"})

    kept = PROVIDER.keep(an_ingress("shop-web-canary", annotations={"x": "git"}), live, rollout, router)

    assert kept["metadata"]["annotations"] == {"nginx.ingress.kubernetes.io/canary-weight": "20", "x": "git"}
    assert PROVIDER.keep(an_ingress(), an_ingress(annotations={"y": "1"}), rollout, router) == an_ingress()


def test_without_a_canary_ingress_the_canary_has_nothing() -> None:
    """Nothing to read means no weight, of whatever total."""
    rollout, router = routed(1000)

    assert PROVIDER.read(rollout, router, {}) == Weights(0, 1000, 1000)
