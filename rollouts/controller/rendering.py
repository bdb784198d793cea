"""What the effects of an event-driven rollout ask of the cluster. Called by rolling; pure."""

from rollouts.controller.observe import World
from rollouts.dialects.argo.analysis import render_run
from rollouts.dialects.argo.experiment import render_experiment
from rollouts.model.effects import Effect, ShiftTraffic, StartAnalysis, StartExperiment
from rollouts.model.objects import Create, ref_of
from rollouts.traffic.protocol import Desired, Rendered
from rollouts.traffic.registry import routers_of
from rollouts.workloads import render
from rollouts.workloads.replicasets import versions


def rendered_effect(effect: Effect, world: World) -> Rendered:
    """What an effect asks of the cluster, as things stand; pure."""
    match effect:
        case ShiftTraffic():
            return _routed(effect, world)
        case StartAnalysis():
            body = render_run(effect, world.rollout, world.manifest, world.templates)
            return Rendered((Create(ref_of(body), body),))
        case StartExperiment():
            body = render_experiment(effect, world.rollout, world.manifest, world.replica_sets)
            return Rendered((Create(ref_of(body), body),))
        case _:
            return Rendered((render(effect, world.rollout, world.manifest),))


def _routed(effect: ShiftTraffic, world: World) -> Rendered:
    """The routers in turn, as upstream: what stands in the way of one keeps the next ones from theirs."""
    desired = Desired(effect.shares, effect.managed, versions(world.manifest, world.replica_sets))
    whole = Rendered()
    for router in routers_of(world.rollout, world.providers):
        part = world.providers[router.provider].render(world.rollout, router, world.objects, desired)
        changes, events = (*whole.changes, *part.changes), (*whole.events, *part.events)
        whole = Rendered(changes, events, part.error, (*whole.calls, *part.calls))
        if whole.error:
            break
    return whole
