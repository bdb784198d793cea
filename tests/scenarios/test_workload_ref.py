"""A rollout that takes its pods from another workload: three kinds, late, switched, broken, and giving way to it."""

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Resource
from tests.builders.manifests import a_pod, an_object, canary, pause, weight
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage

NOTED = "rollout.argoproj.io/workload-generation"


def referring(
    strategy: Json, *, kind: Resource = kinds.DEPLOYMENTS, to: str = "origin", replicas: int = 2, scale_down: str = ""
) -> Json:
    """A Rollout with the template of another object."""
    reference = {"apiVersion": kind.api_version, "kind": kind.kind, "name": to}
    reference |= {"scaleDown": scale_down} if scale_down else {}
    return an_object(kinds.ROLLOUTS, "web", spec={"replicas": replicas, "workloadRef": reference, "strategy": strategy})


def a_deployment(*, image: str = "web:v1", name: str = "origin", replicas: int = 0) -> Json:
    """A Deployment whose pods could be the rollout's."""
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": a_pod(image=image)}
    return an_object(kinds.DEPLOYMENTS, name, spec=spec)


def size_of_origin(world: Sight) -> int | None:
    """The size that the Deployment has by now."""
    found = world.one(kinds.DEPLOYMENTS, "origin")
    return None if found is None else found["spec"]["replicas"]


def is_noted(world: Sight) -> bool:
    """The generation that is noted is the one of the workload, and has been decided on."""
    rollout, origin = world.one(kinds.ROLLOUTS, "web"), world.one(kinds.DEPLOYMENTS, "origin")
    if rollout is None or origin is None:
        return False
    noted = (rollout["metadata"].get("annotations") or {}).get(NOTED)
    return bool(noted == str(origin["metadata"]["generation"]) == rollout["status"].get("workloadObservedGeneration"))


@scenario
async def test_template_of_a_deployment(stage: Stage) -> None:
    """A new image of the Deployment walks the rollout's steps; the template never enters the Rollout."""
    await stage.apply(a_deployment(), referring(canary(weight(50), pause())))
    await stage.healthy(image="web:v1")
    await stage.apply(a_deployment(image="web:v2"))
    await stage.paused(step=1)
    assert stage.world.available() == {"web:v1": 1, "web:v2": 1}
    await stage.promote()
    await stage.healthy(image="web:v2")
    await stage.until(is_noted)

    spec = (await stage.get(kinds.ROLLOUTS))["spec"]
    assert "template" not in spec
    assert "selector" not in spec
    assert stage.world.status()["selector"] == "app=web"


@scenario
async def test_template_of_a_replica_set(stage: Stage) -> None:
    """A ReplicaSet gives template and selector like a Deployment."""
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": a_pod()}
    await stage.apply(an_object(kinds.REPLICA_SETS, "origin", spec=spec))
    await stage.apply(referring(canary(), kind=kinds.REPLICA_SETS))
    await stage.healthy()
    await stage.patch(
        {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "web:v2"}]}}}},
        name="origin",
        resource=kinds.REPLICA_SETS,
    )

    await stage.until(lambda world: world.available().get("web:v2") == 2)


@scenario
async def test_template_of_a_pod_template(stage: Stage) -> None:
    """A PodTemplate gives no selector: the rollout brings its own."""
    await stage.apply(an_object(kinds.POD_TEMPLATES, "origin", template=a_pod()))
    rollout = referring(canary(weight(50), pause()), kind=kinds.POD_TEMPLATES)
    rollout["spec"]["selector"] = {"matchLabels": {"app": "web"}}
    await stage.apply(rollout)
    await stage.healthy(image="web:v1")
    await stage.apply(an_object(kinds.POD_TEMPLATES, "origin", template=a_pod(image="web:v2")))
    await stage.paused(step=1)

    assert stage.world.available() == {"web:v1": 1, "web:v2": 1}


@scenario
async def test_workload_appears_late(stage: Stage) -> None:
    """A rollout whose workload is not there says so, and goes on as soon as it comes."""
    await stage.apply(referring(canary()))
    await stage.degraded()
    missing = f'The Rollout "web" is invalid: deployments.apps "{stage.namespace}/origin" not found'
    assert stage.world.message() == f"InvalidSpec: {missing}"
    await stage.apply(a_deployment())
    await stage.healthy(image="web:v1")

    assert "InvalidSpec" not in stage.world.conditions()


@scenario
async def test_workload_switched(stage: Stage) -> None:
    """Another object in the reference is another template: an update like any other."""
    await stage.apply(a_deployment(), a_deployment(name="other", image="web:v2"))
    await stage.apply(referring(canary(weight(50), pause())))
    await stage.healthy(image="web:v1")
    await stage.apply(referring(canary(weight(50), pause()), to="other"))
    await stage.paused(step=1)
    assert stage.world.available() == {"web:v1": 1, "web:v2": 1}
    await stage.apply(a_deployment(image="web:v3"))
    await stage.seconds(3)

    assert set(stage.world.sizes()) == {"web:v1", "web:v2"}


@scenario
async def test_referenced_template_invalid(stage: Stage) -> None:
    """A template that does not fit is the rollout's fault to tell; mended, the rollout goes on. Pods stay meanwhile."""
    rollout = referring(canary(), kind=kinds.POD_TEMPLATES)
    rollout["spec"]["selector"] = {"matchLabels": {"app": "web"}}
    await stage.apply(an_object(kinds.POD_TEMPLATES, "origin", template=a_pod()), rollout)
    await stage.healthy(image="web:v1")
    await stage.apply(an_object(kinds.POD_TEMPLATES, "origin", template=a_pod("shop", "web:v2")))
    await stage.degraded()
    assert "`selector` does not match template `labels`" in stage.world.message()
    assert stage.world.available() == {"web:v1": 2}
    await stage.apply(an_object(kinds.POD_TEMPLATES, "origin", template=a_pod(image="web:v3")))

    await stage.healthy(image="web:v3")


@scenario
async def test_workload_of_an_unknown_kind(stage: Stage) -> None:
    """A kind that cannot be referenced is named, and so are those that can."""
    await stage.apply(referring(canary(), kind=kinds.JOBS))
    await stage.degraded()

    assert stage.world.message().endswith("workload of type batch/Job is not supported")


@scenario
async def test_workload_stays(stage: Stage) -> None:
    """Without scaleDown the Deployment keeps its pods beside the rollout's."""
    await stage.apply(a_deployment(replicas=2), referring(canary()))
    await stage.healthy()
    await stage.quiet()

    assert size_of_origin(stage.world) == 2


@scenario
async def test_workload_goes_on_success(stage: Stage) -> None:
    """With onsuccess the Deployment loses its pods when the rollout is healthy, not a moment before, and once."""
    await stage.apply(a_deployment(replicas=2))
    sizes = stage.record(lambda world: (size_of_origin(world), world.phase() == "Healthy"))
    await stage.apply(referring(canary(weight(50), pause()), replicas=2, scale_down="onsuccess"))
    await stage.until(lambda world: size_of_origin(world) == 0 and world.phase() == "Healthy")
    assert (1, False) not in sizes
    assert stage.world.available()["web:v1"] == 2
    await stage.until(is_noted)
    await stage.apply(a_deployment(image="web:v2", replicas=0))
    await stage.paused(step=1)
    await stage.patch({"spec": {"replicas": 1}}, name="origin", resource=kinds.DEPLOYMENTS)
    await stage.promote()
    await stage.phase("Healthy")
    await stage.quiet()

    assert size_of_origin(stage.world) == 1


@scenario
async def test_workload_goes_progressively(stage: Stage) -> None:
    """With progressively each ready pod of the rollout takes the place of one of the Deployment's."""
    await stage.apply(a_deployment(replicas=3))
    most = stage.record(lambda world: (size_of_origin(world) or 0) + sum(world.available().values()))
    await stage.apply(referring(canary(), replicas=3, scale_down="progressively"))
    await stage.until(lambda world: size_of_origin(world) == 0)
    await stage.healthy()

    assert min(most[1:]) >= 3


@scenario
async def test_workload_returns_when_the_first_version_is_broken(stage: Stage) -> None:
    """A rollout that never gets ready takes nothing away from its Deployment, in either mode."""
    await stage.apply(a_deployment(image="does-not-exist:v1", replicas=2))
    await stage.apply(referring(canary(), scale_down="progressively"))
    await stage.until(lambda world: world.sizes().get("does-not-exist:v1") == 2)
    await stage.quiet()

    assert size_of_origin(stage.world) == 2


@scenario
async def test_undone_in_its_workload(stage: Stage) -> None:
    """`undo` of a rollout with a workloadRef gives the Deployment its earlier template back."""
    await stage.apply(a_deployment(), referring(canary()))
    await stage.healthy(image="web:v1")
    await stage.apply(a_deployment(image="web:v2"))
    await stage.healthy(image="web:v2")
    await stage.undo()
    await stage.until(lambda world: world.available().get("web:v1") == 2)

    origin = await stage.get(kinds.DEPLOYMENTS, "origin")
    assert origin["spec"]["template"]["spec"]["containers"][0]["image"] == "web:v1"
