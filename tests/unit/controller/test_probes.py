"""The controller's own servers, and the question about its rights."""

from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.client import Session
from rollouts.cluster.errors import NotFoundError
from rollouts.cluster.port import Collection, Json, Page, Query
from rollouts.controller.permissions import missing_rules
from rollouts.controller.probes import listening
from rollouts.controller.settings import Settings
from rollouts.telemetry.metrics import Metrics


async def test_health_is_told_at_once_and_readiness_when_the_caches_are_filled() -> None:
    """A starting controller is alive, not ready."""
    is_ready = False
    async with (
        listening(health_port=0, metrics_port=0, metrics=Metrics(), is_ready=lambda: is_ready, host="127.0.0.1") as (
            health,
            numbers,
        ),
        Session() as session,
    ):
        before = await _status(session, f"http://127.0.0.1:{health}/readyz")
        is_ready = True

        assert before == 503
        assert await _status(session, f"http://127.0.0.1:{health}/readyz") == 200
        assert await _status(session, f"http://127.0.0.1:{health}/healthz") == 200
        assert await _status(session, f"http://127.0.0.1:{numbers}/metrics") == 200


async def test_a_missing_right_is_worded_as_the_rule_to_add() -> None:
    """Roles made for Argo's controller lack patch."""
    cluster: Any = _Reviewer(lambda attributes: attributes["verb"] != "patch" or attributes["resource"] != "services")

    assert await missing_rules(cluster, Settings()) == ("apiGroups: [''], resources: [services], verbs: ['patch']",)


async def test_cluster_scoped_kinds_are_not_asked_for_in_one_namespace() -> None:
    """A Role cannot grant them, and they are not read."""
    cluster: Any = _Reviewer(lambda _attributes: True)
    await missing_rules(cluster, Settings(namespace="shop", lease_namespace="shop"))

    assert "clusteranalysistemplates" not in {asked["resource"] for asked in cluster.asked}
    assert {asked["namespace"] for asked in cluster.asked} == {"shop"}


async def test_only_what_the_controller_touches_is_asked_for() -> None:
    """Without the sync loop and a Lease, nobody has to grant what they need."""
    cluster: Any = _Reviewer(lambda _attributes: True)
    await missing_rules(cluster, Settings(syncs_git=False, is_elected=False))

    asked = {question["resource"] for question in cluster.asked}
    assert "rollouts" in asked
    assert asked.isdisjoint({"gitrepositories", "kustomizations", "leases"})


async def test_what_canaries_need_is_asked_for_once_there_is_one() -> None:
    """Whoever has none grants nothing for them."""
    without: Any = _Reviewer(lambda _attributes: True)
    having: Any = _Reviewer(lambda attributes: attributes["resource"] != "secrets", {"kind": "Canary"})
    told = [await missing_rules(cluster, Settings()) for cluster in (without, having)]

    assert "secrets" not in {asked["resource"] for asked in without.asked}
    verbs = "['get', 'list', 'watch', 'create', 'patch']"
    assert told == [(), (f"apiGroups: [''], resources: [secrets], verbs: {verbs}",)]


async def test_the_lease_is_asked_for_where_it_lies() -> None:
    """A Role beside the controller is enough for it."""
    cluster: Any = _Reviewer(lambda _attributes: True)
    await missing_rules(cluster, Settings(lease_namespace="ours"))

    assert {q.get("namespace") for q in cluster.asked if q["resource"] in ("leases", "configmaps")} == {"ours"}
    assert {q.get("name") for q in cluster.asked if q["resource"] == "configmaps"} == {"argo-rollouts-config"}


async def test_a_server_without_reviews_is_believed() -> None:
    """The first refused write would tell."""

    def refuse(_attributes: Json) -> bool:
        raise NotFoundError("no reviews here")

    cluster: Any = _Reviewer(refuse)

    assert await missing_rules(cluster, Settings()) == ()


class _Reviewer:
    """Answers SelfSubjectAccessReviews by a function."""

    def __init__(self, allows: Any, *canaries: Json) -> None:
        self.canaries = canaries
        self.asked: list[Json] = []
        self._allows = allows

    async def create(self, _collection: Collection, body: Json) -> Json:
        attributes = body["spec"]["resourceAttributes"]
        self.asked.append(attributes)
        return {**body, "status": {"allowed": self._allows(attributes)}}

    async def list(self, collection: Collection, query: Query = Query()) -> Page:
        assert collection.resource == kinds.CANARIES
        return Page(self.canaries, "1")


async def _status(session: Session, url: str) -> int:
    async with session.get(url) as response:
        return response.status
