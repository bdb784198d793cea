"""How pods live: the rules of controlplane/kwok/ and of the embedded kubelet, held to the same sentences.

No rollout takes part. Moments are those of the pods' own status, which has whole seconds.
"""

from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.informers import version_of
from rollouts.cluster.port import Json, Patch, PatchType, Target
from rollouts.simulator.workloads.conditions import condition_of, is_true, moment_of
from tests.builders.manifests import a_pod, an_object
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage

GATE = "example.com/warm"


def solo(image: str = "app:v1", *, container: Json | None = None, **spec: Any) -> Json:
    """A pod of nobody."""
    template = a_pod("solo", image, container=container, **spec)
    return an_object(kinds.PODS, "solo", spec=template["spec"])


def job(*command: str, policy: str = "Never") -> Json:
    """A Job that allows no failure."""
    pod = a_pod("work", "work:v1", container={"command": list(command)}, restartPolicy=policy)
    return an_object(kinds.JOBS, "work", spec={"template": pod, "backoffLimit": 0})


def pod_of(world: Sight) -> Json:
    """The only pod there is; an empty one while there is none."""
    return next(iter(world.all(kinds.PODS)), {"metadata": {}, "status": {}})


def is_ready(world: Sight) -> bool:
    """The pod is ready."""
    return is_true(pod_of(world), "Ready")


def statuses(world: Sight) -> list[Json]:
    """The statuses of the pod's containers."""
    return (pod_of(world).get("status") or {}).get("containerStatuses") or []


def waiting(world: Sight) -> str:
    """Why the pod's container waits; "" where it does not."""
    reasons = [((one.get("state") or {}).get("waiting") or {}).get("reason", "") for one in statuses(world)]
    return str(reasons[0]) if reasons else ""


def has_ended(world: Sight) -> bool:
    """The Job is over, one way or the other."""
    jobs = world.all(kinds.JOBS)
    return bool(jobs) and any(is_true(jobs[0], kind) for kind in ("Complete", "Failed"))


def took(pod: Json) -> float:
    """Seconds from the pod's start until it was ready."""
    ready = condition_of(pod, "Ready") or {}
    return (moment_of(ready["lastTransitionTime"]) - moment_of(pod["status"]["startTime"])).total_seconds()


def at_most(stage: Stage, seconds: float) -> float:
    """The longest that this may take: on a real cluster, whose programs share two cores, more."""
    return seconds * stage.house.patience


def terminated(world: Sight) -> Json:
    """How the pod's container ended."""
    ended: Json = statuses(world)[0]["state"]["terminated"]
    return ended


@scenario
async def test_pods_are_ready_soon(stage: Stage) -> None:
    """A plain pod runs on a node, has an address, and is ready after a second or two."""
    await stage.apply(solo())
    await stage.until(is_ready)
    pod = pod_of(stage.world)

    assert pod["status"]["phase"] == "Running"
    assert pod["status"]["podIP"]
    assert pod["spec"]["nodeName"]
    assert took(pod) <= at_most(stage, 3)


@scenario
async def test_pods_wait_for_their_probe(stage: Stage) -> None:
    """With a readinessProbe a pod runs first and is ready when the initial delay is over."""
    seen = stage.record(lambda world: (pod_of(world)["status"].get("phase"), is_ready(world)))
    await stage.apply(solo(container={"readinessProbe": {"httpGet": {"port": 80}, "initialDelaySeconds": 4}}))
    await stage.until(is_ready)

    assert ("Running", False) in seen
    assert 4 <= took(pod_of(stage.world)) <= at_most(stage, 8)


@scenario
async def test_pods_wait_for_their_gates(stage: Stage) -> None:
    """A readiness gate holds a pod back until somebody opens it, and again when it closes."""
    await stage.apply(solo(readinessGates=[{"conditionType": GATE}]))
    await stage.until(lambda world: is_true(pod_of(world), "ContainersReady"))
    await stage.seconds(1)
    held = condition_of(pod_of(stage.world), "Ready") or {}
    assert (held["status"], held["reason"]) == ("False", "ReadinessGatesNotReady")

    await gate(stage, "True")
    await stage.until(is_ready)
    await gate(stage, "False")

    await stage.until(lambda world: not is_ready(world))


async def gate(stage: Stage, value: str) -> None:
    """Set the gate's condition, as a load balancer's controller does."""
    body = {"status": {"conditions": [{"type": GATE, "status": value}]}}
    target = Target(kinds.PODS, "solo", stage.namespace, "status")
    answer = await stage.house.cluster.patch(target, Patch(PatchType.STRATEGIC, body))
    await stage.until(lambda world: version_of(pod_of(world)) >= version_of(answer))


@scenario
async def test_images_that_cannot_be_pulled(stage: Stage) -> None:
    """The pod stays pending, with the reasons of a kubelet that backs off."""
    reasons = stage.record(waiting)
    await stage.apply(solo("shop:does-not-exist"))
    await stage.until(lambda world: waiting(world) == "ImagePullBackOff")

    assert "ErrImagePull" in reasons
    assert pod_of(stage.world)["status"]["phase"] == "Pending"
    assert not is_ready(stage.world)


@scenario
async def test_commands_that_cannot_be_started(stage: Stage) -> None:
    """The pod is never ready, with the reasons of a kubelet that backs off and the runtime's exit code."""
    reasons = stage.record(waiting)
    await stage.apply(solo(container={"command": ["/bad-command"]}))
    await stage.until(lambda world: waiting(world) == "CrashLoopBackOff")
    last = statuses(stage.world)[0]["lastState"]["terminated"]

    assert "RunContainerError" in reasons
    assert (last["reason"], last["exitCode"]) == ("StartError", 128)
    assert not is_ready(stage.world)


@scenario
async def test_starts_that_wait_for_a_hook(stage: Stage) -> None:
    """postStart delays readiness."""
    await stage.apply(solo(container={"lifecycle": {"postStart": {"exec": {"command": ["sleep", "3"]}}}}))
    await stage.until(is_ready)

    assert 3 <= took(pod_of(stage.world)) <= at_most(stage, 7)


@scenario
async def test_jobs_that_sleep(stage: Stage) -> None:
    """A Job is complete when the sleep of its pod is over, and not before."""
    await stage.apply(job("sleep", "3"))
    await stage.until(has_ended)
    ended = terminated(stage.world)
    passed = (moment_of(ended["finishedAt"]) - moment_of(pod_of(stage.world)["status"]["startTime"])).total_seconds()

    assert is_true(stage.world.all(kinds.JOBS)[0], "Complete")
    assert pod_of(stage.world)["status"]["phase"] == "Succeeded"
    assert 3 <= passed <= at_most(stage, 8)


@scenario
async def test_jobs_that_fail(stage: Stage) -> None:
    """A Job fails with its pod, whose exit code is the command's."""
    await stage.apply(job("sh", "-c", "sleep 1; exit 3"))
    await stage.until(has_ended)

    assert is_true(stage.world.all(kinds.JOBS)[0], "Failed")
    assert pod_of(stage.world)["status"]["phase"] == "Failed"
    assert terminated(stage.world)["exitCode"] == 3


@scenario
async def test_jobs_whose_pods_start_again(stage: Stage) -> None:
    """Under OnFailure a pod stays and counts its restarts, by which the Job fails."""
    restarts = stage.record(lambda world: [one["restartCount"] for one in statuses(world)])
    await stage.apply(job("sh", "-c", "sleep 1; exit 3", policy="OnFailure"))
    await stage.until(has_ended)

    assert is_true(stage.world.all(kinds.JOBS)[0], "Failed")
    assert [0] in restarts
    assert [1] in restarts


@scenario
async def test_jobs_without_their_program(stage: Stage) -> None:
    """A Job whose command is not there fails, with the runtime's exit code."""
    await stage.apply(job("/bad-command"))
    await stage.until(has_ended)

    assert is_true(stage.world.all(kinds.JOBS)[0], "Failed")
    assert terminated(stage.world)["exitCode"] == 128


@scenario
async def test_jobs_that_are_deleted(stage: Stage) -> None:
    """A Job that still runs is gone soon after its deletion, with its pod."""
    await stage.apply(job("sleep", "infinity"))
    await stage.until(lambda world: pod_of(world)["status"].get("phase") == "Running")
    await stage.delete(kinds.JOBS, "work")

    await stage.until(lambda world: not world.all(kinds.JOBS) and not world.all(kinds.PODS), within=45)


@scenario
async def test_deletion_waits_for_a_hook(stage: Stage) -> None:
    """preStop keeps a pod that is told to go, for as long as it sleeps."""
    assert 3 <= await farewell(stage, sleep=3, grace=30) <= at_most(stage, 7)


@scenario
async def test_deletion_waits_no_longer_than_its_grace(stage: Stage) -> None:
    """A hook that takes too long is cut off by terminationGracePeriodSeconds."""
    assert 3 <= await farewell(stage, sleep=60, grace=4) <= at_most(stage, 8)


@scenario
async def test_deletion_is_quick_without_a_hook(stage: Stage) -> None:
    """A pod of which nothing is said goes at once, whatever grace it has."""
    assert await farewell(stage, sleep=0, grace=30) <= at_most(stage, 3)


async def farewell(stage: Stage, *, sleep: int, grace: int) -> float:
    """Seconds that a ready pod takes to go when it is deleted."""
    hook = {"lifecycle": {"preStop": {"exec": {"command": ["sleep", str(sleep)]}}}} if sleep else {}
    await stage.apply(solo(container=hook, terminationGracePeriodSeconds=grace))
    await stage.until(is_ready)
    told = stage.house.clock()
    await stage.delete(kinds.PODS, "solo")
    await stage.until(lambda world: not world.all(kinds.PODS))
    return (stage.house.clock() - told).total_seconds()
