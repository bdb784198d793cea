"""Experiments that stand for themselves: versions side by side for a while, and gone again; how users steer them."""

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.manifests import a_template, a_version, an_experiment, analysed, services
from tests.scenarios.experimenting import analyses, conditions, is_gone, phase_of, sizes, status_of, versions
from tests.scenarios.playing import scenario
from tests.scenarios.sight import HASH, Sight
from tests.scenarios.stage import Stage

BAD = "web:does-not-exist"


def moved(template: str, before: str, after: str) -> tuple[str, str, str]:
    """The event of a version that stands elsewhere now."""
    return ("Normal", f"Template{after}", f"Template '{template}' transitioned from {before} -> {after}")


def resized(name: str, before: int, after: int) -> tuple[str, str, str]:
    """The event of a ReplicaSet that grows or shrinks."""
    way = "up" if after > before else "down"
    return ("Normal", "ScalingReplicaSet", f"Scaled {way} ReplicaSet {name} from {before} to {after}")


@scenario
async def test_two_versions_for_a_while(stage: Stage) -> None:
    """They come from nothing, run for the duration, and go after the delay; each transition is told once."""
    pair = (a_version("base", "web:v1", replicas=2), a_version("can", "web:v2"))
    await stage.apply(an_experiment(*pair, duration="15s", scaleDownDelaySeconds=2))
    await stage.until(lambda world: phase_of(world) == "Running")
    assert sizes(stage.world) == {"trial-base": 2, "trial-can": 1}
    assert "availableAt" in status_of(stage.world)
    await stage.until(lambda world: conditions(world) == {"Progressing": ("True", "NewReplicaSetAvailable")})
    await stage.until(lambda world: phase_of(world) == "Successful")
    assert versions(stage.world) == {"base": "Successful", "can": "Successful"}
    await stage.until(lambda world: conditions(world) == {"Progressing": ("False", "ExperimentCompleted")})
    assert is_gone(stage.world)
    await stage.quiet()

    told = [
        (moved(name, "", "Progressing"), moved(name, "Progressing", "Running"), moved(name, "Running", "Successful"))
        for name in ("base", "can")
    ]
    scaled = [resized("trial-base", 0, 2), resized("trial-can", 0, 1)]
    scaled += [resized("trial-base", 2, 0), resized("trial-can", 1, 0)]
    assert sorted(stage.world.events("trial")) == sorted([*told[0], *told[1], *scaled])


@scenario
async def test_a_version_that_never_comes(stage: Stage) -> None:
    """After the deadline it is Failed, and the experiment with it; the other version goes as well."""
    pair = (a_version("base", "web:v1"), a_version("can", BAD))
    await stage.apply(an_experiment(*pair, progressDeadlineSeconds=4, scaleDownDelaySeconds=0))
    await stage.until(lambda world: phase_of(world) == "Failed")
    await stage.until(is_gone)

    late = "Template 'can' exceeded its progressDeadlineSeconds (4)"
    assert status_of(stage.world)["message"] == late
    assert versions(stage.world) == {"base": "Successful", "can": "Failed"}
    await stage.told(
        ("Warning", "TemplateFailed", f"Template 'can' transitioned from Progressing -> Failed: {late}"), name="trial"
    )


@scenario
async def test_services_of_versions(stage: Stage) -> None:
    """One under its own name, one under the ReplicaSet's; both lead to just their version, and go with it."""
    pair = (a_version("base", "web:v1", service={"name": "base"}), a_version("can", "web:v2", service={}))
    await stage.apply(an_experiment(*pair, scaleDownDelaySeconds=0))
    await stage.until(lambda world: phase_of(world) == "Running")
    seen = {one["name"]: one for one in status_of(stage.world)["templateStatuses"]}
    assert [seen[name]["serviceName"] for name in ("base", "can")] == ["base", "trial-can"]
    for template, service in (("base", "base"), ("can", "trial-can")):
        spec = (await stage.get(kinds.SERVICES, service))["spec"]
        assert spec["selector"] == {HASH: seen[template]["podTemplateHash"]}
        assert [port["targetPort"] for port in spec["ports"]] == [8080]

    await stage.argo("terminate", "experiment", "trial")
    await stage.until(lambda world: phase_of(world) == "Successful" and is_gone(world))
    await stage.until(lambda world: not world.all(kinds.SERVICES))
    await stage.until(lambda world: not any("serviceName" in one for one in status_of(world)["templateStatuses"]))


@scenario
async def test_a_service_of_somebody_else(stage: Stage) -> None:
    """It stays as it is, and the experiment ends with an error that names it."""
    await stage.apply(*services("base"))
    before = await stage.get(kinds.SERVICES, "base")
    await stage.apply(an_experiment(a_version("one", "web:v1", service={"name": "base"}), scaleDownDelaySeconds=0))
    await stage.until(lambda world: phase_of(world) == "Error")
    await stage.until(is_gone)

    owned = "service base already exists and is not owned by experiment template one"
    assert status_of(stage.world)["message"] == f"Failed to create Service base for template 'one': {owned}"
    assert (await stage.get(kinds.SERVICES, "base"))["spec"] == before["spec"]


@scenario
async def test_ended_by_hand_and_run_again(stage: Stage) -> None:
    """Terminate ends it and its analysis; lifted and retried it runs from the start, with a run of its own."""
    await stage.apply(a_template(interval="2s"))
    trial = an_experiment(a_version("one", "web:v1"), analyses=[analysed()], scaleDownDelaySeconds=1)
    await stage.apply(trial)
    await stage.until(lambda world: analyses(world) == {"check": "Running"})
    await stage.argo("terminate", "experiment", "trial")
    await stage.until(lambda world: phase_of(world) == "Successful" and is_gone(world))
    await stage.until(lambda world: analyses(world) == {"check": "Successful"})
    await stage.told(("Normal", "AnalysisRunTerminating", "Terminating check (trial-check)"), name="trial")

    await stage.patch({"spec": {"terminate": None}}, name="trial", resource=kinds.EXPERIMENTS)
    await stage.argo("retry", "experiment", "trial")
    await stage.until(lambda world: phase_of(world) == "Running" and analyses(world) == {"check": "Running"})
    assert sizes(stage.world) == {"trial-one": 1}
    assert [run["metadata"]["name"] for run in stage.world.all(kinds.ANALYSIS_RUNS)] == ["trial-check", "trial-check.1"]
    await stage.argo("get", "experiment", "trial")
    await stage.argo("list", "experiments")


@scenario
async def test_a_spec_that_cannot_be(stage: Stage) -> None:
    """Nothing is made, the condition names the mistake, and a better spec begins at once."""
    twins = (a_version("one", "web:v1"), a_version("one", "web:v2"))
    await stage.apply(an_experiment(*twins, duration="2s"))
    await stage.until(lambda world: conditions(world) == {"InvalidSpec": ("True", "InvalidSpec")})
    said = [condition["message"] for condition in status_of(stage.world)["conditions"]]
    assert said == ["Experiment trial has repeated template name 'one' in templates"]
    assert sizes(stage.world) == {}

    body = {"spec": {"templates": [a_version("one", "web:v1")]}}
    await stage.patch(body, name="trial", resource=kinds.EXPERIMENTS)
    await stage.until(lambda world: phase_of(world) == "Successful")
    assert "InvalidSpec" not in conditions(stage.world)


@scenario
async def test_gone_and_made_anew(stage: Stage) -> None:
    """Deleted with all that it has made; another one of the same name waits for the leftovers, and then runs."""
    trial = an_experiment(a_version("one", "web:v1", service={}), scaleDownDelaySeconds=30)
    await stage.apply(trial)
    await stage.until(lambda world: phase_of(world) == "Running")
    first = uid_of(stage.world)
    await stage.delete(kinds.EXPERIMENTS, "trial")
    await stage.apply(trial)
    await stage.until(lambda world: uid_of(world) != first and phase_of(world) == "Running")

    owners = [rs["metadata"]["ownerReferences"][0]["uid"] for rs in stage.world.all(kinds.REPLICA_SETS)]
    assert owners == [uid_of(stage.world)]


@scenario
async def test_a_version_falls_ill(stage: Stage) -> None:
    """It is Progressing again, and so the experiment Pending, until its pods are back; availableAt stays."""
    one = a_version("one", "web:v1")
    one["template"]["spec"]["readinessGates"] = [{"conditionType": "example.com/open"}]
    await stage.apply(an_experiment(one, duration="60s"))
    await stage.until(lambda world: len(world.pods()) == 1)
    await stage.open_gates("example.com/open")
    await stage.until(lambda world: phase_of(world) == "Running")
    since = status_of(stage.world)["availableAt"]
    await stage.open_gates("example.com/open", value="False")
    await stage.until(lambda world: (phase_of(world), versions(world)) == ("Pending", {"one": "Progressing"}))
    await stage.open_gates("example.com/open")
    await stage.until(lambda world: phase_of(world) == "Running")

    assert status_of(stage.world)["availableAt"] == since


def uid_of(world: Sight) -> str:
    """The identity of the experiment that there is now."""
    trial: Json = world.one(kinds.EXPERIMENTS, "trial") or {"metadata": {}}
    return str(trial["metadata"].get("uid", ""))
