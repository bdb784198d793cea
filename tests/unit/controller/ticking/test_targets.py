"""What Canaries deliver beside Deployments, what scales it, and who is told of it."""

import asyncio
import json

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Patch, PatchType, Resource, Target
from rollouts.controller.settings import Settings
from rollouts.controller.ticking.settings import Listeners, TickSettings
from rollouts.model.alerts import Receiver
from tests.builders.canaries import STRICT, a_canary, a_deployment, a_gate
from tests.builders.manifests import an_object
from tests.unit.controller.stories import Shop, tell
from tests.unit.controller.ticking.canaries import (
    a_delivery,
    deployments,
    hearing,
    in_shop,
    patch,
    phase,
    release,
    rounds,
    steps,
    texts,
)

SCALERS = Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
DAEMON_SETS = Resource("apps", "v1", "daemonsets", "DaemonSet")
CHAT = Receiver("the operator's chat", "slack", address="http://chat.test/all", channel="ops", username="bot")


def test_a_service_is_delivered() -> None:
    """Where the pods are somebody else's, the two versions are copies of the user's Service."""

    async def story(shop: Shop) -> None:
        await shop.start()
        service = an_object(kinds.SERVICES, "web", spec={"selector": {"v": "1"}, "ports": [{"port": 80}]})
        target = {"apiVersion": "v1", "kind": "Service", "name": "web"}
        canary = a_canary(steps(50, most=50), targetRef=target)
        await shop.world.apply(in_shop(service, canary))
        await asyncio.sleep(40)
        assert await phase(shop) == "Initialized"
        await patch(shop, kinds.SERVICES, {"spec": {"selector": {"v": "2"}}})
        await asyncio.sleep(15)
        found = [(await shop.get(kinds.SERVICES, name))["spec"]["selector"] for name in ("web-primary", "web-canary")]
        assert found == [{"v": "1"}, {"v": "2"}]
        await asyncio.sleep(60)

        assert await phase(shop) == "Succeeded"
        assert (await shop.get(kinds.SERVICES, "web-primary"))["spec"]["selector"] == {"v": "2"}

    tell(story)


async def _daemons(shop: Shop, name: str, available: int) -> None:
    """The DaemonSet has so many pods on one node, whatever was asked of it meanwhile."""
    status = {"observedGeneration": 99, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1}
    body = {"status": {**status, "numberAvailable": available}}
    await shop.store.patch(Target(DAEMON_SETS, name, "shop", "status"), Patch(PatchType.MERGE, body))


@pytest.mark.parametrize(("strict", "after"), [(False, "Waiting"), (True, "Failed")])
def test_a_short_blip_after_a_long_wait_spends_no_deadline(strict: bool, after: str) -> None:
    """A DaemonSet's deadline counts from when it was unready; to the letter from the last tick that was written."""

    async def story(shop: Shop) -> None:
        hearing(shop, lambda url: 403 if "gate" in url else 200)
        await shop.start()
        reference = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "web"}
        gate = a_gate("confirm-promotion", "http://hooks.test/gate")
        analysis = steps(20, most=20, metrics=[], webhooks=[gate])
        (canary,) = in_shop(a_canary(analysis, targetRef=reference, progressDeadlineSeconds=60))
        canary["metadata"]["annotations"] = STRICT if strict else {}
        (target,) = in_shop({**a_deployment(), "kind": "DaemonSet"})
        del target["spec"]["replicas"]
        await shop.world.apply([target, canary])
        await _daemons(shop, "web", 1)
        await asyncio.sleep(15)
        await _daemons(shop, "web-primary", 1)
        await asyncio.sleep(60)
        await patch(shop, DAEMON_SETS, {"spec": {"template": {"metadata": {"labels": {"v": "2"}}}}})
        await asyncio.sleep(600)
        assert (await phase(shop)).startswith("Waiting")
        await _daemons(shop, "web", 0)
        await asyncio.sleep(30)
        await _daemons(shop, "web", 1)
        await asyncio.sleep(30)
        assert (await phase(shop)).startswith(after)

    tell(story)


def test_what_bears_a_copy_s_name_is_not_overwritten() -> None:
    """A user's own Deployment and ConfigMap stay as they are, and the target keeps its pods, until they are away."""

    async def story(shop: Shop) -> None:
        await shop.start()
        own, config = a_deployment("web-primary", image="own:v1"), an_object(kinds.CONFIG_MAPS, "conf")
        mine = {**an_object(kinds.CONFIG_MAPS, "conf-primary"), "data": {"mine": "1"}}
        deployment, canary = a_delivery()
        deployment["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "conf"}}]
        await shop.world.apply([*in_shop(own, config, mine), deployment, canary])
        await asyncio.sleep(60)
        assert await deployments(shop) == {"web": ("web:v1", 2), "web-primary": ("own:v1", 2)}
        said = "is there already and is no copy: rename it, or take it away"
        assert set(await texts(shop)) == {f"deployment web-primary.shop {said}"}

        await shop.store.delete(Target(kinds.DEPLOYMENTS, "web-primary", "shop"))
        await asyncio.sleep(30)
        assert (await texts(shop))[-1] == f"configmap conf-primary.shop {said}"
        assert (await shop.get(kinds.CONFIG_MAPS, "conf-primary"))["data"] == {"mine": "1"}
        await shop.store.delete(Target(kinds.CONFIG_MAPS, "conf-primary", "shop"))
        await asyncio.sleep(60)
        assert await phase(shop) == "Initialized"

    tell(story)


def test_an_autoscaler_has_a_twin() -> None:
    """The copy is scaled as the user wants the target scaled, and follows what the user changes with a promotion."""

    async def story(shop: Shop) -> None:
        await shop.start()
        spec = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 5}
        scaler = an_object(SCALERS, "web", spec={**spec, "minReplicas": 3})
        ref = {"apiVersion": "autoscaling/v2", "kind": SCALERS.kind, "name": "web"}
        await shop.world.apply(in_shop(a_deployment(), scaler, a_canary(steps(50, most=50), autoscalerRef=ref)))
        await asyncio.sleep(40)
        twin = await shop.get(SCALERS, "web-primary")
        assert twin["spec"]["scaleTargetRef"]["name"] == "web-primary"
        assert twin["spec"]["minReplicas"] == 3
        await patch(shop, SCALERS, {"spec": {"maxReplicas": 9}})
        await release(shop, "web:v2")
        await asyncio.sleep(15)
        assert (await deployments(shop))["web"] == ("web:v2", 3)
        await asyncio.sleep(90)

        assert await phase(shop) == "Succeeded"
        assert (await shop.get(SCALERS, "web-primary"))["spec"]["maxReplicas"] == 9

    tell(story)


@pytest.mark.parametrize(("spec", "size"), [({}, 2), ({"revertOnDeletion": False}, 0)])
def test_a_deleted_canary_takes_along_what_it_made(spec: Json, size: int) -> None:
    """The target serves again before it goes; who wants it as upstream does gets a target at rest."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply(a_delivery(**spec))
        await asyncio.sleep(40)
        await shop.store.delete(Target(kinds.CANARIES, "web", "shop"))
        await asyncio.sleep(60)

        assert await deployments(shop) == {"web": ("web:v1", size)}
        assert await shop.listed(kinds.SERVICES) == []
        assert await shop.listed(kinds.HTTP_ROUTES) == []

    tell(story)


def test_alerts_and_events_are_told() -> None:
    """A Canary's own chats hear of what is grave enough; the operator's webhook hears of every event, in order."""

    async def story(shop: Shop) -> None:
        heard = hearing(shop)
        settings = TickSettings(listeners=Listeners(event_webhook="http://ear.test/events", cluster="east"))
        await shop.start(settings=Settings(is_elected=False, ticking=settings))
        chat = an_object(kinds.ALERT_PROVIDERS, "chat", spec={"type": "slack", "address": "http://chat.test/own"})
        alerts = [{"name": "chat", "severity": "info", "providerRef": {"name": "chat"}}]
        await shop.world.apply(in_shop(chat, a_deployment(), a_canary(rounds(1, alerts=alerts), provider="kubernetes")))
        await asyncio.sleep(60)

        told = [body for url, body in heard if url == "http://chat.test/own"]
        assert len(told) == 1
        assert "New Deployment detected, initialization completed." in json.dumps(told[0])
        assert "east" in json.dumps(told[0])
        events = [body["metadata"]["eventMessage"] for url, body in heard if url == "http://ear.test/events"]
        assert events == await texts(shop)

    tell(story)


def test_a_chat_that_refuses_holds_up_nothing() -> None:
    """An event says that it was not told."""

    async def story(shop: Shop) -> None:
        hearing(shop, lambda _url: 500)
        settings = TickSettings(listeners=Listeners(chat=CHAT))
        await shop.start(settings=Settings(is_elected=False, ticking=settings))
        await shop.world.apply(a_delivery())
        await asyncio.sleep(60)

        assert await phase(shop) == "Initialized"
        assert "Alert not sent: the operator's chat: slack answered 500: no" in await texts(shop)

    tell(story)


def test_webhooks_are_asked_at_their_moments() -> None:
    """Each with what its rollout is doing; one that refuses costs a check."""

    async def story(shop: Shop) -> None:
        heard = hearing(shop, lambda url: 404 if url.endswith("/rollout") else 200)
        await shop.start()
        moments = ("confirm-rollout", "pre-rollout", "rollout", "rollback", "post-rollout")
        hooks = [{"name": moment, "type": moment, "url": f"http://hook.test/{moment}"} for moment in moments[:3]]
        hooks.append({"name": "post", "type": "post-rollout", "url": "http://hook.test/post-rollout"})
        await shop.world.apply(in_shop(a_deployment(), a_canary(steps(20, webhooks=hooks))))
        await asyncio.sleep(40)
        await release(shop, "web:v2")
        await asyncio.sleep(120)

        assert await phase(shop) == "Failed"
        asked = [(url.rpartition("/")[2], body["phase"]) for url, body in heard]
        assert asked == [
            ("confirm-rollout", "Initialized"),
            ("pre-rollout", "Progressing"),
            ("rollout", "Progressing"),
            ("rollout", "Progressing"),
            ("post-rollout", "Failed"),
        ]
        assert (await texts(shop))[-1] == "Post-rollout check post passed"

    tell(story)
