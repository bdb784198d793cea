"""Canaries in trouble: versions that never get ready, deadlines, aborts while held, a stable version that fell ill."""

from tests.builders.manifests import a_pod, a_rollout, a_routed_world, canary, pause, weight
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage
from tests.scenarios.telling import aborted, begun, completed, first_deploy, not_completed, paused, scaled, step_done

BAD = "web:does-not-exist"
GATE = "example.com/warm"
STRICT = {"maxSurge": 1, "maxUnavailable": 0}
LATE = "ProgressDeadlineExceeded"


def progressing(world: Sight) -> tuple[str, str]:
    """The condition Progressing: status and reason."""
    return world.conditions().get("Progressing", ("", ""))


def timed_out(world: Sight, image: str) -> str:
    """What is said of a version that is late."""
    return f'ReplicaSet "{world.replica_set(image)["metadata"]["name"]}" has timed out progressing.'


async def never_ready(stage: Stage, surge: int, unavailable: int) -> dict[str, int]:
    """The sizes at which a rolling update to a version that never gets ready comes to rest; then it is mended."""
    await stage.apply(a_rollout(canary(maxSurge=surge, maxUnavailable=unavailable), replicas=4))
    await stage.healthy(image="web:v1")
    serving = stage.record(lambda world: sum(world.available().values()))
    asked = stage.record(lambda world: sum(world.sizes().values()))
    await stage.set_image(BAD)
    await stage.until(lambda world: world.sizes().get(BAD, 0) > 0)
    await stage.quiet(4)
    sizes = stage.world.sizes()
    assert stage.world.phase() == "Progressing"
    assert min(serving) >= 4 - unavailable
    assert max(asked) <= 4 + surge

    await stage.set_image("web:v3")
    await stage.healthy(image="web:v3")
    assert stage.world.sizes() == {"web:v1": 0, BAD: 0, "web:v3": 4}
    assert min(serving) >= 4 - unavailable
    assert max(asked) <= 4 + surge
    return sizes


@scenario
async def test_never_ready_with_surge(stage: Stage) -> None:
    """maxSurge 1, maxUnavailable 0: one pod too many, none of the old ones goes."""
    assert await never_ready(stage, 1, 0) == {"web:v1": 4, BAD: 1}


@scenario
async def test_never_ready_with_unavailable(stage: Stage) -> None:
    """maxSurge 0, maxUnavailable 2: two old pods make place, and no more."""
    assert await never_ready(stage, 0, 2) == {"web:v1": 2, BAD: 2}


@scenario
async def test_never_ready_with_both(stage: Stage) -> None:
    """maxSurge 1, maxUnavailable 1: one old pod goes, two new ones are made."""
    assert await never_ready(stage, 1, 1) == {"web:v1": 3, BAD: 2}


@scenario
async def test_deadline_passed(stage: Stage) -> None:
    """A version that makes no progress in time is Degraded, is not aborted, and recovers when another one comes."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT), replicas=2, progressDeadlineSeconds=5))
    await stage.healthy(image="web:v1")
    await stage.set_image(BAD)
    await stage.degraded()
    assert stage.world.message().startswith(f"{LATE}: {timed_out(stage.world, BAD)}")
    assert progressing(stage.world) == ("False", LATE)
    assert "abort" not in stage.world.status()
    await stage.quiet(4)
    assert stage.world.phase() == "Degraded"
    assert stage.world.sizes() == {"web:v1": 2, BAD: 1}

    await stage.set_image("web:v3")
    await stage.paused(step=1)
    assert stage.world.available() == {"web:v1": 1, BAD: 0, "web:v3": 1}


@scenario
async def test_deadline_passed_and_aborted(stage: Stage) -> None:
    """With progressDeadlineAbort the version that is late goes by itself, and stable is whole."""
    late = a_rollout(
        canary(weight(50), pause(), **STRICT), replicas=2, progressDeadlineSeconds=5, progressDeadlineAbort=True
    )
    await stage.apply(late)
    await stage.healthy(image="web:v1")
    await stage.set_image(BAD)
    await stage.degraded()
    await stage.until(lambda world: world.sizes() == {"web:v1": 2, BAD: 0})
    assert stage.world.status()["abort"] is True
    assert "abortedAt" in stage.world.status()
    assert timed_out(stage.world, BAD) in stage.world.message()
    await stage.quiet(4)
    assert stage.world.phase() == "Degraded"
    assert stage.world.available() == {"web:v1": 2, BAD: 0}

    await stage.set_image("web:v3")
    await stage.paused(step=1)
    assert "abort" not in stage.world.status()


@scenario
async def test_deadline_during_a_pause(stage: Stage) -> None:
    """No pause is too long: neither one of the steps nor one of spec.paused lets the deadline pass."""
    held = a_rollout(
        canary(weight(50), pause(), **STRICT), replicas=2, progressDeadlineSeconds=3, progressDeadlineAbort=True
    )
    await stage.apply(held)
    await stage.healthy(image="web:v1")
    phases = stage.record(lambda world: world.phase())
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.seconds(6)
    assert progressing(stage.world) == ("Unknown", "RolloutPaused")
    await stage.pause()
    await stage.until(lambda world: world.message() == "manually paused")
    await stage.seconds(6)
    await stage.promote(full=True)
    await stage.healthy(image="web:v2")

    assert "Degraded" not in phases
    assert "RolloutAborted" not in stage.world.reasons()


@scenario
async def test_deadline_after_a_pause(stage: Stage) -> None:
    """The clock runs again when a pause is over: what does not come then is late."""
    await stage.apply(a_rollout(canary(pause(), weight(50), **STRICT), replicas=2, progressDeadlineSeconds=4))
    await stage.healthy(image="web:v1")
    await stage.set_image(BAD)
    await stage.paused(step=0)
    await stage.seconds(6)
    assert stage.world.phase() == "Paused"
    await stage.promote()
    await stage.degraded()

    assert stage.world.message().startswith(f"{LATE}: {timed_out(stage.world, BAD)}")


@scenario
async def test_aborted_during_a_pause(stage: Stage) -> None:
    """Paused by a step, aborted, tried again, promoted: each once, in order."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT), replicas=2))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.abort()
    await stage.until(lambda world: world.available() == {"web:v1": 2, "web:v2": 0})
    await stage.degraded()
    assert stage.world.message() == "RolloutAborted: Rollout aborted update to revision 2"
    assert (stage.world.step(), stage.world.pauses()) == (0, [])
    assert progressing(stage.world) == ("False", "RolloutAborted")
    assert "controllerPause" not in stage.world.status()
    await stage.quiet(3)
    await stage.retry()
    await stage.paused(step=1)
    await stage.promote()
    await stage.healthy(image="web:v2")
    assert "abort" not in stage.world.status()
    assert "abortedAt" not in stage.world.status()

    world = stage.world
    await stage.expect_events(
        *first_deploy(world, size=2),
        *begun(world, "web:v2", 2),
        not_completed(world, "web:v2", 2),
        scaled(world, "web:v2", (0, 1)),
        scaled(world, "web:v1", (2, 1)),
        step_done(1, 2, "setWeight: 50"),
        paused(),
        scaled(world, "web:v1", (1, 2)),
        aborted(2),
        scaled(world, "web:v2", (1, 0)),
        scaled(world, "web:v2", (0, 1)),
        scaled(world, "web:v1", (2, 1)),
        step_done(1, 2, "setWeight: 50"),
        paused(),
        step_done(2, 2, "pause"),
        scaled(world, "web:v2", (1, 2)),
        scaled(world, "web:v1", (1, 0)),
        completed(world, "web:v2", "Completed all 2 canary steps"),
    )


@scenario
async def test_aborted_while_held(stage: Stage) -> None:
    """An abort of a rollout that is held by spec.paused gets through, once; promoted and retried it goes on."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT), replicas=2))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.pause()
    await stage.until(lambda world: world.message() == "manually paused")
    await stage.abort()
    await stage.until(lambda world: world.available() == {"web:v1": 2, "web:v2": 0})
    await stage.degraded()
    await stage.quiet(4)
    assert stage.world.message() == "RolloutAborted: Rollout aborted update to revision 2"
    assert stage.world.reasons().count("RolloutAborted") == 1

    await stage.promote()
    await stage.retry()
    await stage.until(lambda world: world.available() == {"web:v1": 1, "web:v2": 1})
    await stage.paused(step=1)


@scenario
async def test_held_after_an_abort(stage: Stage) -> None:
    """spec.paused beside an abort loops over nothing: one state, no further write, and the way out works."""
    await stage.apply(*a_routed_world(weight(50), pause(), replicas=2, abortScaleDownDelaySeconds=2))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.abort()
    await stage.until(lambda world: world.sizes() == {"web:v1": 2, "web:v2": 0})
    await stage.pause()
    await stage.quiet(3)
    assert (stage.world.phase(), stage.world.step()) == ("Degraded", 0)
    told = len(stage.world.reasons())
    await stage.seconds(5)
    assert len(stage.world.reasons()) == told

    await stage.promote(full=True)
    await stage.healthy(image="web:v2")
    await stage.until(lambda world: world.weights() == {"web-stable": 100, "web-canary": 0})
    assert stage.world.service_image("web-stable") == "web:v2"


@scenario
async def test_stable_falls_ill(stage: Stage) -> None:
    """Stable's pods fail in mid-update: the weight stays where somebody serves, the wait is named, --full ends it."""
    world = a_routed_world(weight(50), pause(), weight(80), pause(), replicas=2, scaleDownDelaySeconds=1)
    world[-1]["spec"] |= {"template": a_pod(readinessGates=[{"conditionType": GATE}]), "progressDeadlineSeconds": 8}
    await stage.apply(*world)
    await stage.until(lambda world: len(world.pods("web:v1")) == 2)
    await stage.open_gates(GATE)
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.until(lambda world: len(world.pods("web:v2")) == 1)
    await stage.open_gates(GATE, image="web:v2")
    await stage.paused(step=1)
    await stage.open_gates(GATE, image="web:v1", value="False")
    await stage.until(lambda world: world.available() == {"web:v1": 0, "web:v2": 1})
    await stage.promote()
    await stage.until(lambda world: "RolloutStuck" in world.reasons())
    assert stage.world.weights() == {"web-stable": 50, "web-canary": 50}
    assert "(stuck since " in stage.world.message()

    await stage.promote(full=True)
    await stage.until(lambda world: len(world.pods("web:v2")) == 2)
    await stage.open_gates(GATE, image="web:v2")
    await stage.until(lambda world: world.phase() == "Healthy" and world.sizes() == {"web:v1": 0, "web:v2": 2})
    await stage.until(lambda world: world.weights() == {"web-stable": 100, "web-canary": 0})
    assert stage.world.service_image("web-stable") == "web:v2"
    await stage.told(completed(stage.world, "web:v2", "Full promotion requested"))


@scenario
async def test_aborted_while_stable_is_ill(stage: Stage) -> None:
    """An abort gives the traffic to nobody who cannot serve: it moves with stable's first pod, and then at once."""
    world = a_routed_world(weight(50), pause(), replicas=2, abortScaleDownDelaySeconds=1)
    world[-1]["spec"]["template"] = a_pod(readinessGates=[{"conditionType": GATE}])
    await stage.apply(*world)
    await stage.until(lambda world: len(world.pods("web:v1")) == 2)
    await stage.open_gates(GATE)
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.until(lambda world: len(world.pods("web:v2")) == 1)
    await stage.open_gates(GATE, image="web:v2")
    await stage.paused(step=1)
    await stage.open_gates(GATE, image="web:v1", value="False")
    await stage.until(lambda world: world.available() == {"web:v1": 0, "web:v2": 1})
    await stage.abort()
    await stage.degraded()
    await stage.quiet(3)
    assert stage.world.weights() == {"web-stable": 50, "web-canary": 50}
    assert stage.world.available() == {"web:v1": 0, "web:v2": 1}

    await stage.open_gates(GATE, image="web:v1", most=1)
    await stage.until(lambda world: world.weights() == {"web-stable": 100, "web-canary": 0})
    assert stage.world.sizes() == {"web:v1": 2, "web:v2": 1}
    await stage.open_gates(GATE, image="web:v1")
    await stage.until(lambda world: world.sizes() == {"web:v1": 2, "web:v2": 0})
    assert stage.world.message() == "RolloutAborted: Rollout aborted update to revision 2"


@scenario
async def test_aborted_before_anything_serves(stage: Stage) -> None:
    """An abort in the first step, of a canary without a ready pod: its pods go, and no route was ever touched."""
    await stage.apply(*a_routed_world(weight(50), pause(), replicas=2, abortScaleDownDelaySeconds=1))
    await stage.healthy(image="web:v1")
    await stage.until(lambda world: world.service_image("web-canary") == "web:v1")
    weights = stage.record(lambda world: world.weights())
    chosen = stage.record(lambda world: world.service_image("web-canary"))
    await stage.set_image(BAD)
    await stage.until(lambda world: world.sizes().get(BAD) == 1)
    await stage.abort()
    await stage.degraded()
    await stage.until(lambda world: world.sizes() == {"web:v1": 2, BAD: 0})
    await stage.quiet()

    assert (weights, chosen) == ([{"web-stable": 100, "web-canary": 0}], ["web:v1"])
    assert stage.world.reasons().count("RolloutAborted") == 1


@scenario
async def test_stable_was_never_well(stage: Stage) -> None:
    """A first version is stable without a ready pod, too: the one that overtakes it takes its steps, and heals it."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT), image=BAD, replicas=2))
    await stage.until(lambda world: world.sizes() == {BAD: 2} and world.status().get("stableRS"))
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    assert stage.world.sizes() == {BAD: 1, "web:v2": 1}

    await stage.promote()
    await stage.healthy(image="web:v2")
    assert stage.world.sizes() == {BAD: 0, "web:v2": 2}


@scenario
async def test_first_version_is_overtaken_at_once(stage: Stage) -> None:
    """Whether a bad first version was written down as stable is a matter of a moment; no moment leaves pods behind."""
    await stage.apply(a_rollout(canary(weight(50), **STRICT), image=BAD, replicas=2))
    await stage.until(lambda world: world.sizes() == {BAD: 2})
    await stage.set_image("web:v2")
    await stage.healthy(image="web:v2")

    assert stage.world.sizes() == {BAD: 0, "web:v2": 2}


@scenario
async def test_stable_lost_its_image(stage: Stage) -> None:
    """Deploying while half of stable is ill: unhealthy pods go first, and the update reaches its end by itself."""
    pod = a_pod(readinessGates=[{"conditionType": GATE}])
    await stage.apply(a_rollout(canary(maxSurge=1, maxUnavailable=1), replicas=3, pod=pod))
    await stage.until(lambda world: len(world.pods()) == 3)
    await stage.open_gates(GATE)
    await stage.healthy(image="web:v1")
    await stage.open_gates(GATE, value="False")
    await stage.until(lambda world: world.available() == {"web:v1": 0})
    await stage.edit(
        {"op": "remove", "path": "/spec/template/spec/readinessGates"},
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "web:v2"},
    )
    await stage.healthy(image="web:v2")

    assert stage.world.sizes() == {"web:v1": 0, "web:v2": 3}
