"""Pod templates as people write them: the API server stores them in other words than it got, and nothing may turn."""

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.manifests import a_blue_green_world, a_pod, a_rollout, a_template, an_object, canary, pause, weight
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage

MANAGED_BY = "argo-rollouts.argoproj.io/managed-by-rollouts"


def revision(world: Sight) -> str:
    """The rollout's revision."""
    return str((world.rollout()["metadata"].get("annotations") or {}).get("rollout.argoproj.io/revision", ""))


def is_observed(world: Sight) -> bool:
    """The newest spec has been seen."""
    rollout = world.rollout()
    return world.status().get("observedGeneration") == str(rollout["metadata"].get("generation"))


def mounting(*items: Json) -> Json:
    """A pod with ConfigMaps in every form that a volume has."""
    mounts = [{"name": name, "mountPath": f"/{name}"} for name in ("plain", "chosen", "mixed")]
    volumes = [
        {"name": "plain", "configMap": {"name": "settings"}},
        {"name": "chosen", "configMap": {"name": "settings", "items": list(items), "defaultMode": 256}},
        {"name": "mixed", "projected": {"sources": [{"configMap": {"name": "settings"}}]}},
    ]
    return a_pod(container={"volumeMounts": mounts}, volumes=volumes)


def sized(cpu: str | float, memory: str | int) -> Json:
    """A pod that asks for this much."""
    return a_pod(container={"resources": {"requests": {"cpu": cpu, "ephemeral-storage": "1e3", "memory": memory}}})


@scenario
async def test_spec_with_config_maps(stage: Stage) -> None:
    """Volumes of ConfigMaps, for which the API server adds modes: one version, and no second one by itself."""
    settings = an_object(kinds.CONFIG_MAPS, "settings", data={"colour": "blue"})
    item = {"key": "colour", "path": "colour"}
    await stage.apply(settings, a_rollout(canary(weight(50), pause()), pod=mounting(item)))
    await stage.healthy()
    await stage.quiet()
    assert revision(stage.world) == "1"
    held = (await stage.get(kinds.REPLICA_SETS, stage.world.replica_sets()[0]["metadata"]["name"]))["spec"]
    assert [volume["name"] for volume in held["template"]["spec"]["volumes"]] == ["plain", "chosen", "mixed"]

    settings["data"]["colour"] = "green"
    await stage.apply(settings)
    await stage.quiet()
    assert revision(stage.world) == "1"
    await stage.apply(a_rollout(canary(weight(50), pause()), pod=mounting({**item, "path": "color"})))
    await stage.paused(step=1)

    assert revision(stage.world) == "2"


@scenario
async def test_spec_with_odd_quantities(stage: Stage) -> None:
    """Quantities in odd words: one version; the same quantity in other words is no update, another one is."""
    await stage.apply(a_rollout(canary(weight(50), pause()), pod=sized("0.5", "1024Mi")))
    await stage.healthy()
    await stage.quiet()
    assert revision(stage.world) == "1"
    name = stage.world.replica_sets()[0]["metadata"]["name"]
    await stage.apply(a_rollout(canary(weight(50), pause()), pod=sized("500m", "1Gi")))
    await stage.until(is_observed)
    await stage.quiet()
    assert [one["metadata"]["name"] for one in stage.world.replica_sets()] == [name]
    assert (revision(stage.world), stage.world.phase()) == ("1", "Healthy")

    await stage.apply(a_rollout(canary(weight(50), pause()), pod=sized("0.25", "1Gi")))
    await stage.paused(step=1)
    assert revision(stage.world) == "2"


@scenario
async def test_spec_with_a_quantity_that_is_none(stage: Stage) -> None:
    """A quantity that is none costs what comes after it, as in Argo, and stops nobody; put right, it is an update."""
    await stage.apply(a_rollout(canary(), pod=sized("half", "1Gi")))
    await stage.healthy()
    container = stage.world.replica_sets()[0]["spec"]["template"]["spec"]["containers"][0]
    assert "memory" not in container.get("resources", {}).get("requests", {})
    await stage.apply(a_rollout(canary(), pod=sized("0.25", "1Gi")))
    await stage.until(lambda world: revision(world) == "2" and is_observed(world))
    await stage.healthy()

    container = stage.world.replica_sets()[1]["spec"]["template"]["spec"]["containers"][0]
    assert set(container["resources"]["requests"]) == {"cpu", "ephemeral-storage", "memory"}


@scenario
async def test_spec_without_a_size(stage: Stage) -> None:
    """Without spec.replicas one is written down, as autoscalers need it."""
    await stage.apply(a_rollout(canary(), replicas=None))
    await stage.healthy(image="web:v1")

    await stage.until(lambda world: world.rollout()["spec"].get("replicas") == 1)
    assert stage.world.sizes() == {"web:v1": 1}


@scenario
async def test_spec_of_size_zero(stage: Stage) -> None:
    """A rollout without pods is Healthy, updates without any, and grows when it is asked to."""
    await stage.apply(a_rollout(canary(weight(50), pause(1)), replicas=0))
    await stage.phase("Healthy")
    await stage.set_image("web:v2")
    await stage.until(lambda world: world.phase() == "Healthy" and "web:v2" in world.sizes())
    await stage.scale(2)
    await stage.healthy(image="web:v2")

    assert stage.world.sizes() == {"web:v1": 0, "web:v2": 2}


@scenario
async def test_spec_deleted_in_the_foreground(stage: Stage) -> None:
    """Foreground deletion of a blue-green in mid-update: no version, pod or AnalysisRun stays, Services are let go."""
    template = a_template(interval="60s", count=5)
    check = {"templates": [{"templateName": "check"}]}
    await stage.apply(template, *a_blue_green_world(prePromotionAnalysis=check))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.until(lambda world: len(world.all(kinds.ANALYSIS_RUNS)) == 1)
    await stage.delete(kinds.ROLLOUTS, propagation="Foreground")
    owned = (kinds.ROLLOUTS, kinds.REPLICA_SETS, kinds.PODS, kinds.ANALYSIS_RUNS)
    await stage.until(lambda world: not any(world.all(kind) for kind in owned))
    await stage.until(lambda world: not world.service_hash("web-active") and not world.service_hash("web-preview"))
    await stage.quiet()

    assert not any(stage.world.all(kind) for kind in owned)
    kept = stage.world.all(kinds.SERVICES)
    assert [MANAGED_BY in (one["metadata"].get("annotations") or {}) for one in kept] == [False, False]
