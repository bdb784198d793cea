"""spec.restartAt: older pods go, by eviction, as many at a time as may be missing (spec/argo-rollouts.md §2.11).

Called by the stages, before anything is scaled. Which pods there are is a question. Nothing is remembered but the end
(status.restartedAt): a pod's age says whether it was restarted, so a controller that is killed just goes on. Two things
differ from Argo: a pod that serves nobody costs nothing and goes at once, and where the only pod of a settled rollout
would go, a spare one comes first.
"""

from dataclasses import replace
from datetime import datetime

from rollouts.decide.replicas import unavailable_of
from rollouts.decide.situation import RETRY, Ends, Situation, Step
from rollouts.model.effects import EvictPod, ScaleVersion
from rollouts.model.plan import Event
from rollouts.model.questions import AskPods, PodsSeen
from rollouts.model.strategy import BlueGreen, Canary
from rollouts.model.workload import Pod, Version


def is_due(here: Situation) -> bool:
    """A restart is asked for, its time has come, and it is not done."""
    restart_at = here.rollout.restart_at
    return restart_at is not None and here.status.restarted_at != restart_at and restart_at <= here.now


def keeps_spare(here: Situation, version: Version, size: int) -> bool:
    """This version has a second pod only until its first one is restarted; its right size (`size`) comes after."""
    is_spare = size == 1 and version.replicas == 2 and version.desired_then == here.rollout.size
    return is_spare and _is_lone(here, version) and is_due(here)


def restart_pods(here: Situation) -> Step | None:
    """Evict what is older than the restart, within the budget; when nothing is, the restart is done."""
    restart_at = here.rollout.restart_at
    if restart_at is None or here.status.restarted_at == restart_at:
        return None
    if not is_due(here):
        return Step(wake_at=restart_at)
    if here.observed.is_aborted and here.observed.aborted_at is None:
        return None  # an abort that nobody has looked at yet waits for no answer
    versions = _in_order(here)
    question = AskPods(tuple(version.name for version in versions))
    answer = here.snapshot.answers.get(question) if versions else PodsSeen()
    if not isinstance(answer, PodsSeen):
        return Step(questions=(question,), reason="restart: which pods are there?", ends=Ends.ROUND)
    if answer.error:
        return _later(here, f"restart waits: pods cannot be read: {answer.error}")
    old = [pod for version in versions for pod in _old(answer.pods, version, restart_at)]
    if not old:
        return Step(status=replace(here.status, restarted_at=restart_at), reason="every pod is restarted")
    return _take(here, old, answer.pods)


def _take(here: Situation, old: list[Pod], pods: tuple[Pod, ...]) -> Step:
    budget = budget_of(here, pods)
    lone = next((version for version in here.versions if _wants_spare(here, version)), None)
    if lone is not None and any(_is_available(here, pod) for pod in old):
        return _add_spare(here, lone)
    taken = []
    for pod in old:
        cost = 1 if _is_available(here, pod) else 0
        if cost <= budget:
            budget -= cost
            taken.append(pod)
    if not taken:
        return _later(here, f"restart waits: {len(old)} old pods are left, and none may be missing now")
    effects = tuple(EvictPod(pod.name, pod.version) for pod in taken)
    reason = f"restart: evict {len(taken)} of {len(old)} old pods"
    return Step(effects, wake_at=here.now + RETRY, reason=reason, ends=Ends.ACTING)


def budget_of(here: Situation, pods: tuple[Pod, ...]) -> int:
    """How many available pods may go now. Both the ReplicaSets and the pods are asked, since either may lag behind."""
    wanted = max(here.rollout.size, sum(version.replicas for version in here.versions))
    serving = 0
    for version in here.versions:
        counted = sum(1 for pod in pods if pod.version == version.name and _is_available(here, pod))
        serving += min(version.available, counted)
    return max(0, serving - (wanted - max(_may_be_missing(here), 1)))


def _may_be_missing(here: Situation) -> int:
    match here.rollout.strategy:
        case Canary() as canary:
            return unavailable_of(here.rollout, canary)
        case BlueGreen(max_unavailable=quota):
            return min(quota.of(here.rollout.size, round_up=False), here.rollout.size)
        case _:
            return 0


def _in_order(here: Situation) -> tuple[Version, ...]:
    """Stable first, then the new version, then the others; those without pods are left out."""
    named = {version.name: version for version in (here.stable, here.new, *here.others) if version is not None}
    return tuple(version for version in named.values() if version.replicas or version.current)


def _old(pods: tuple[Pod, ...], version: Version, restart_at: datetime) -> list[Pod]:
    found = [pod for pod in pods if pod.version == version.name and pod.created < restart_at and not pod.is_going]
    return sorted(found, key=lambda pod: (pod.created, pod.name))


def _is_available(here: Situation, pod: Pod) -> bool:
    """It serves, and has done so for as long as a pod must before it counts."""
    if pod.is_going or not pod.is_ready:
        return False
    since, least = pod.ready_since, here.rollout.min_ready
    return not least or since is None or since + least <= here.now


def _is_lone(here: Situation, version: Version) -> bool:
    """All traffic goes to the one pod that this version is to have, and the user wants none missing."""
    is_serving = here.is_promoted and version.hash == here.observed.stable
    return is_serving and here.rollout.size == 1 and _may_be_missing(here) == 0


def _wants_spare(here: Situation, version: Version) -> bool:
    return version.replicas == 1 and _is_lone(here, version)


def _add_spare(here: Situation, version: Version) -> Step:
    text = f"Scaled up ReplicaSet {version.name} (revision {version.revision}) from 1 to 2"
    effect = ScaleVersion(version.name, 2, here.rollout.size)
    reason = "restart: a spare pod comes before the only one goes"
    return Step((effect,), (Event("ScalingReplicaSet", text),), reason=reason, ends=Ends.ACTING)


def _later(here: Situation, reason: str) -> Step:
    return Step(wake_at=here.now + RETRY, reason=reason)
