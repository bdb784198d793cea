"""Experiments that stand for themselves: versions side by side for a while, judged, and gone again."""

from tests.builders.manifests import a_version, an_experiment
from tests.scenarios.experimenting import phase_of, progress, sizes, status_of, versions
from tests.scenarios.playing import scenario
from tests.scenarios.stage import Stage

BAD = "web:does-not-exist"


@scenario
async def test_two_versions_for_a_while(stage: Stage) -> None:
    """They come from nothing, run for the duration, and go after the delay; each transition is told once."""
    pair = (a_version("base", "web:v1", replicas=2), a_version("can", "web:v2"))
    await stage.apply(an_experiment(*pair, duration="6s", scaleDownDelaySeconds=2))
    await stage.until(lambda world: phase_of(world) == "Running")
    assert sizes(stage.world) == {"trial-base": 2, "trial-can": 1}
    assert "availableAt" in status_of(stage.world)
    await stage.until(lambda world: progress(world) == ("True", "NewReplicaSetAvailable"))
    await stage.until(lambda world: phase_of(world) == "Successful")
    assert versions(stage.world) == {"base": "Successful", "can": "Successful"}
    await stage.until(lambda world: progress(world) == ("False", "ExperimentCompleted"))
    assert sizes(stage.world) == {"trial-base": 0, "trial-can": 0}
    await stage.quiet()

    moved = "Template '{}' transitioned from {} -> {}"
    assert sorted(stage.world.events("trial")) == sorted(
        [
            *(("Normal", "TemplateProgressing", moved.format(name, "", "Progressing")) for name in ("base", "can")),
            *(("Normal", "TemplateRunning", moved.format(name, "Progressing", "Running")) for name in ("base", "can")),
            *(
                ("Normal", "TemplateSuccessful", moved.format(name, "Running", "Successful"))
                for name in ("base", "can")
            ),
            ("Normal", "ScalingReplicaSet", "Scaled up ReplicaSet trial-base from 0 to 2"),
            ("Normal", "ScalingReplicaSet", "Scaled up ReplicaSet trial-can from 0 to 1"),
            ("Normal", "ScalingReplicaSet", "Scaled down ReplicaSet trial-base from 2 to 0"),
            ("Normal", "ScalingReplicaSet", "Scaled down ReplicaSet trial-can from 1 to 0"),
        ]
    )
