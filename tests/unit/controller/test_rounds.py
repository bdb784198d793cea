"""Whole rounds: the world before, the writes after, the events. The controller runs on the embedded cluster."""

import asyncio

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Patch, PatchType, Target
from rollouts.controller.settings import Settings
from tests.unit.controller.stories import (
    Shop,
    Spy,
    a_canary,
    a_rollout,
    a_routed_canary,
    a_service,
    a_template,
    tell,
)

PAUSE: Json = {"pause": {}}


def test_a_new_rollout_becomes_healthy_without_steps() -> None:
    """The first version has nobody to be compared with."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([a_canary({"setWeight": 20}, PAUSE)])
        await asyncio.sleep(30)

        assert await shop.phase() == ("Healthy", "")
        assert await shop.sizes() == {"web:v1": 3}

    tell(story)


def test_a_settled_rollout_is_written_to_no_more() -> None:
    """An hour of rest costs not one write."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply(a_routed_canary({"setWeight": 20}, PAUSE))
        await asyncio.sleep(120)
        spy.writes.clear()
        await asyncio.sleep(3600)

        assert spy.writes == []

    tell(story)


def test_annotations_and_readiness_follow_without_an_update() -> None:
    """The running version gets them by one write: no new ReplicaSet, no revision, and then rest."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply([a_canary(PAUSE)])
        await asyncio.sleep(30)
        spy.writes.clear()
        await shop.patch({"metadata": {"annotations": {"team": "b"}}, "spec": {"minReadySeconds": 7}})
        await asyncio.sleep(60)
        (held,) = await shop.listed(kinds.REPLICA_SETS)

        assert (held["metadata"]["annotations"]["team"], held["spec"]["minReadySeconds"]) == ("b", 7)
        assert spy.said().count(f"patch ReplicaSet {held['metadata']['name']}") == 1
        assert await shop.phase() == ("Healthy", "")

    tell(story)


def test_every_object_is_looked_at_again_after_a_while_and_a_deleted_one_is_not() -> None:
    """A lost event costs time, never a rollout; what is gone costs nothing."""

    async def story(shop: Shop) -> None:
        running = await shop.start()
        await shop.world.apply([a_canary(PAUSE), a_canary(PAUSE, name="gone")])
        await asyncio.sleep(30)
        await shop.store.delete(Target(kinds.ROLLOUTS, "gone", "shop"))
        await asyncio.sleep(30)
        looks = running.looks()["web"]
        await asyncio.sleep(9010)

        assert running.looks() == {"web": looks + 10}

    tell(story)


def test_a_canary_moves_its_route_in_steps_and_waits_for_a_human() -> None:
    """Weights on the HTTPRoute follow the steps; clearing pauseConditions goes on."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply(
            a_routed_canary({"setWeight": 20}, PAUSE, {"setWeight": 60}, {"pause": {"duration": 10}})
        )
        await asyncio.sleep(60)
        await shop.use("web:v2")
        await asyncio.sleep(60)
        assert await shop.phase() == ("Paused", "CanaryPauseStep")
        assert await shop.weights() == {"web-stable": 80, "web-canary": 20}

        await shop.patch({"status": {"pauseConditions": None}}, subresource="status")
        await asyncio.sleep(5)
        assert await shop.weights() == {"web-stable": 40, "web-canary": 60}

        await asyncio.sleep(120)
        assert await shop.phase() == ("Healthy", "")
        assert await shop.weights() == {"web-stable": 100, "web-canary": 0}
        assert await shop.sizes() == {"web:v1": 0, "web:v2": 3}

    tell(story)


def test_an_abort_gives_all_traffic_back() -> None:
    """status.abort, as the plugin sends it."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply(a_routed_canary({"setWeight": 20}, PAUSE))
        await asyncio.sleep(60)
        await shop.use("web:v2")
        await asyncio.sleep(60)
        await shop.patch({"status": {"abort": True}}, subresource="status")
        await asyncio.sleep(120)

        assert (await shop.phase())[0] == "Degraded"
        assert await shop.weights() == {"web-stable": 100, "web-canary": 0}
        assert await shop.sizes() == {"web:v1": 3, "web:v2": 0}

    tell(story)


def test_the_events_of_an_aborted_retried_and_promoted_canary_come_in_argos_order() -> None:
    """Reasons and order are API (spec/argo-rollouts.md §2.18)."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([a_canary({"setWeight": 34}, PAUSE)])
        await asyncio.sleep(60)
        await shop.use("web:v2")
        await asyncio.sleep(60)
        await shop.patch({"status": {"abort": True}}, subresource="status")
        await asyncio.sleep(60)
        await shop.patch({"status": {"abort": False}}, subresource="status")
        await asyncio.sleep(60)
        await shop.patch({"status": {"pauseConditions": None}}, subresource="status")
        await asyncio.sleep(60)
        reasons = await shop.reasons()

        assert reasons[:6] == [
            "RolloutAddedToInformer",
            "RolloutUpdated",
            "NewReplicaSetCreated",
            "RolloutNotCompleted",
            "ScalingReplicaSet",
            "RolloutCompleted",
        ]
        assert reasons.count("RolloutAborted") == 1
        assert reasons[-1] == "RolloutCompleted"

    tell(story)


def test_a_good_analysis_promotes_and_a_bad_one_rolls_back() -> None:
    """The whole path without a human: template, run, verdict, weights."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([a_template("success", query="1"), a_template("failure", query="0")])
        good, bad = ({"analysis": {"templates": [{"templateName": name}]}} for name in ("success", "failure"))
        await shop.world.apply(a_routed_canary({"setWeight": 20}, good, {"setWeight": 60}))
        await asyncio.sleep(60)
        await shop.use("web:v2")
        await asyncio.sleep(60)
        assert await shop.phase() == ("Healthy", "")

        await shop.patch({"spec": {"strategy": {"canary": {"steps": [{"setWeight": 20}, bad, {"setWeight": 60}]}}}})
        await shop.use("web:v3")
        await asyncio.sleep(60)
        assert (await shop.phase())[0] == "Degraded"
        assert await shop.weights() == {"web-stable": 100, "web-canary": 0}
        runs = {run["metadata"]["name"]: run["status"]["phase"] for run in await shop.listed(kinds.ANALYSIS_RUNS)}
        assert sorted(runs.values()) == ["Failed", "Successful"]

    tell(story)


def test_blue_green_switches_the_active_service_at_once() -> None:
    """Preview first, active when it is promoted."""

    async def story(shop: Shop) -> None:
        await shop.start()
        blue_green = {"activeService": "web", "previewService": "web-preview", "autoPromotionEnabled": False}
        await shop.world.apply([a_service("web"), a_service("web-preview"), a_rollout(blueGreen=blue_green)])
        await asyncio.sleep(60)
        await shop.use("web:v2")
        await asyncio.sleep(60)
        status = (await shop.rollout())["status"]["blueGreen"]
        assert status["activeSelector"] != status["previewSelector"]

        await shop.patch({"status": {"pauseConditions": None}}, subresource="status")
        await asyncio.sleep(120)
        assert await shop.phase() == ("Healthy", "")
        selector = (await shop.get(kinds.SERVICES))["spec"]["selector"]["rollouts-pod-template-hash"]
        assert selector == (await shop.rollout())["status"]["stableRS"]

    tell(story)


def test_a_deleted_rollout_is_told_and_left() -> None:
    """Its ReplicaSets go with it by their owner references."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([a_canary(PAUSE)])
        await asyncio.sleep(30)
        await shop.store.delete(Target(kinds.ROLLOUTS, "web", "shop"))
        await asyncio.sleep(30)

        assert "RolloutDeleted" in await shop.reasons()
        assert await shop.listed(kinds.REPLICA_SETS) == []

    tell(story)


def test_services_of_a_deleted_rollout_get_their_selector_back() -> None:
    """Nobody names them any more: mark and hash go, what the user wrote stays."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply(a_routed_canary({"setWeight": 20}))
        await asyncio.sleep(30)
        await shop.store.delete(Target(kinds.ROLLOUTS, "web", "shop"))
        await asyncio.sleep(10)
        service = await shop.get(kinds.SERVICES, "web-canary")

        assert service["spec"]["selector"] == {"app": "web"}
        assert "argo-rollouts.argoproj.io/managed-by-rollouts" not in service["metadata"].get("annotations", {})

    tell(story)


def test_a_service_that_its_rollout_drops_is_freed_and_others_are_kept() -> None:
    """The manifest names another one from now on."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([*a_routed_canary({"setWeight": 20}), a_service("web-other")])
        await asyncio.sleep(30)
        await shop.patch({"spec": {"strategy": {"canary": {"canaryService": "web-other", "trafficRouting": None}}}})
        await asyncio.sleep(10)

        for name, keys in (("web-canary", 1), ("web-other", 2), ("web-stable", 2)):
            assert len((await shop.get(kinds.SERVICES, name))["spec"]["selector"]) == keys

    tell(story)


def test_a_rollout_of_another_instance_is_left_alone() -> None:
    """With an instance id only those that carry it, without one only those that carry none."""

    async def story(shop: Shop) -> None:
        await shop.start(settings=Settings(is_elected=False, instance_id="blue"))
        ours, foreign = a_canary(PAUSE, name="ours"), a_canary(PAUSE, name="foreign")
        ours["metadata"]["labels"] = {"argo-rollouts.argoproj.io/controller-instance-id": "blue"}
        await shop.world.apply([ours, foreign])
        await asyncio.sleep(30)

        assert await shop.phase("ours") == ("Healthy", "")
        assert await shop.phase("foreign") == ("", "")

    tell(story)


def test_a_standby_takes_over_when_the_leader_stops() -> None:
    """Two controllers, one Lease: only one writes, the other goes on where it left."""

    async def story(shop: Shop) -> None:
        first, second = Spy(shop.store), Spy(shop.store)
        leader = await shop.start(first, settings=Settings(lease_namespace="default"))
        await asyncio.sleep(1)
        await shop.start(second, settings=Settings(lease_namespace="default"))
        await shop.world.apply([a_canary({"setWeight": 34}, PAUSE)])
        await asyncio.sleep(30)
        assert [write for write in second.said() if "Lease" not in write] == []

        await leader.stop()
        await shop.use("web:v2")
        await asyncio.sleep(60)
        assert await shop.phase() == ("Paused", "CanaryPauseStep")

    tell(story)


def test_a_foreign_change_of_the_route_is_corrected() -> None:
    """Within a second, for the route's own event wakes the rollout; it is counted, and told with the writer's name."""

    async def story(shop: Shop) -> None:
        controller = (await shop.start()).controller
        await shop.world.apply(a_routed_canary({"setWeight": 20}, PAUSE))
        await asyncio.sleep(60)
        await shop.use("web:v2")
        await asyncio.sleep(60)
        backends = [{"name": "web-stable", "port": 80, "weight": 5}, {"name": "web-canary", "port": 80, "weight": 95}]
        body = {"spec": {"rules": [{"backendRefs": backends}]}}
        patch = Patch(PatchType.MERGE, body, manager="kubectl-edit")
        await shop.store.patch(Target(kinds.HTTP_ROUTES, "web", "shop"), patch)
        await asyncio.sleep(1)

        assert await shop.weights() == {"web-stable": 80, "web-canary": 20}
        events = [event for event in await shop.listed(kinds.EVENTS) if event["reason"] == "RouteCorrected"]
        text = "HTTPRoute web was changed by kubectl-edit: it is set back to the weights that the rollout holds"
        assert [event["message"] for event in events] == [text]
        assert (
            'rollout_route_corrections_total{name="web",namespace="shop"} 1.0' in controller.metrics.render().decode()
        )

    tell(story)
