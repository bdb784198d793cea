"""Scenarios: what users live through, told once and played on both clusters from the same code.

    make test ARGS=tests/scenarios                  # all of them on the embedded cluster, in virtual time
    make e2e ARGS=tests/scenarios                   # the same on a real control plane, ten side by side
    pytest tests/scenarios -k pause_for_a_while -m e2e      # one

Writing one. A scenario is an `async def` over a stage, which is a namespace of its own with a controller at work:

    @scenario
    async def test_promoted_past_a_step(stage: Stage) -> None:
        "One sentence that says what holds."
        await stage.apply(*a_routed_world(weight(20), pause(), weight(60), pause(), replicas=3))
        await stage.healthy(image="web:v1")
        await stage.set_image("web:v2")
        await stage.paused(step=1)
        await stage.promote()
        await stage.paused(step=3)

        assert stage.world.weights() == {"web-stable": 40, "web-canary": 60}

The names of functions are namespaces, so they must differ over all modules. Manifests come from
tests/builders/manifests (a_rollout, canary, routed, blue_green, services, a_route, weight, pause, …); their objects
are plain dicts without a namespace, to be changed as needed. The rollout is called `web` wherever no other name is
given.

Users do: apply, patch (merge; also other resources and subresources), edit (JSON patch), delete, set_image, scale (by
the scale subresource), promote, promote(full=True), abort, retry, pause, undo, restart, open_gates (of pods with
readiness gates: the way to hold a version back without waiting for a clock); `argo(*words)` is any line of
our own CLI, `kubectl(*words)` the real kubectl (declare `@scenario(served=True)`, as that cannot live in virtual
time). Each of them ends when the world shows what was written. `get` and `listed` ask the API server, for kinds that
nobody watches.

What is seen: `stage.world` (tests/scenarios/sight.py), by watches: phase, message, step, pauses, conditions, status,
sizes (image to spec.replicas), available, pods, weights, service_image, service_hash, replica_set(image), events,
reasons, all(kind), one(kind, name).

A world that has to stand before the controller sees it (one of Argo's, taken over): apply its Rollout with the label
`argo-rollouts.argoproj.io/controller-instance-id` of somebody else, and take that off when all is in place. So does
takeover.py with the recorded worlds of Argo.

Waiting: `until(lambda world: …, within=60, what="…")` looks at every single change, so nothing is missed between two
looks; phase, healthy, paused(step=…) and degraded are such waits. The limits are those of a quiet machine (the real
cluster stretches them). A phase alone may be yesterday's after a promote, abort or retry, which change no generation:
wait for what is new (the step, a size, another phase). The order between different objects is not fixed (a Healthy
rollout may reset its Services in the round after): wait for each. `seconds(n)` lets time pass: keep it short, on the
real cluster it is true time; durations in manifests too. `quiet()` waits until nothing changes; `record(lambda world:
…)` gives a list of all the different values that were ever seen, for what must never happen on the way.

phase, healthy, paused and degraded also wait until the watches of ReplicaSets, Services and routes have caught up with
what the status was written after. After any other `until`, wait for what belongs to another object; do not assert it.

Every status that a stage sees is held against the types of Argo's (statuses.py); one that Argo's controller could not
read fails the scenario at its end, and so does a question of `record` that breaks.

Events: `await stage.expect_events("RolloutUpdated", ("ScalingReplicaSet", "Scaled up …"), ("Warning", reason,
message))` are all events about a rollout in order, no more and no less.

Measurements: `query = stage.says("errors", 0.2)` is a query that Prometheus answers by 0.2 until it says another; put
it into a_template(query=query). A query that is a number answers itself.

Canaries (tests/builders/canaries: a_canary, steps, rounds, a_gate, at_most, …) tick every second: wait for what stays,
as a gate that is closed (`WaitingPromotion`), not for a weight that the next tick changes. `canary_phase(phase)` waits,
`release(image)` writes into the target; `hook(name, status)` is a webhook that answers so and `heard(name)` what it was
told; `gate("gate/check")` and `turn("gate/open")` are the load tester's, a real one on the real cluster;
`counts(series, value)` answers built-in metrics.

Pods behave by their own spec, by the same rules on both clusters (controlplane/kwok/,
simulator/workloads/programs.py): ready after about a second; `readinessProbe.initialDelaySeconds`; readiness gates
stay closed until somebody sets the condition in the pod's status; an image that contains `does-not-exist`,
`nonexistent` or `argo-error` is never pulled; a command `/bad-command` never starts; postStart and preStop `sleep N`;
pods of Jobs obey `sleep N` and `exit N`.
"""
