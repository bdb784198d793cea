"""Sizes of versions: the first that changes ends the round's scaling (spec/argo-rollouts.md §2.4, §2.5, §2.10)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

from rollouts.decide.pauses import INCONCLUSIVE
from rollouts.decide.reach import drained_at, lingers, wait_for_drain
from rollouts.decide.replicas import Held, counts, unavailable_of
from rollouts.decide.restart import keeps_spare
from rollouts.decide.situation import Ends, Situation, Step, together
from rollouts.decide.verifying import is_open
from rollouts.model.effects import DelayScaleDown, DeleteVersion, Effect, ScaleVersion
from rollouts.model.plan import Event
from rollouts.model.status import DEFAULT_SCALE_DOWN_DELAY
from rollouts.model.strategy import BlueGreen, Canary
from rollouts.model.workload import Version

ROUTE_GRACE = timedelta(seconds=10)
"""How long a version that was overtaken in mid-update stays, since routes and endpoints may still lead to it."""


def held(here: Situation) -> Held:
    """The versions as the counting functions want them."""
    return Held(here.new, here.stable, here.others)


def scale_to(here: Situation, version: Version, size: int, *, keeps_delay: bool = True) -> Step | None:
    """Bring a version to this size, and note the rollout's own size beside it; None where both stand.

    A version that still counts pods which it was told to give up is not grown again before it has: users would be sent
    to pods that are gone.
    """
    if version.replicas == size and version.desired_then == here.rollout.size:
        return None
    if version.replicas < min(size, version.current):
        return None
    if keeps_spare(here, version, size):
        return None
    keeps_delay = keeps_delay and size > 0
    effect = ScaleVersion(version.name, size, here.rollout.size, keeps_delay or version.scale_down_at is None)
    if version.replicas == size:
        return Step((effect,))
    word = "up" if size > version.replicas else "down"
    place = f"ReplicaSet {version.name} (revision {version.revision})"
    message = f"Scaled {word} {place} from {version.replicas} to {size}"
    return Step((effect,), (Event("ScalingReplicaSet", message),), reason=message)


def drop_stale_delays(here: Situation) -> Step | None:
    """New and stable versions are wanted again: their scale-down deadlines go (a delayed abort keeps the new one's)."""
    wanted = [here.stable] if here.status.is_aborted else [here.new, here.stable]
    names = {v.name for v in wanted if v is not None and v.scale_down_at is not None}
    return Step(tuple(DelayScaleDown(name, None) for name in sorted(names))) if names else None


def scale_canary(here: Situation) -> Step | None:
    """Stable first, then the new version, then all others; the first change is the round's."""
    strategy = here.rollout.strategy
    if not isinstance(strategy, Canary) or is_halted(here):
        return None
    first = here if (step := drop_stale_delays(here)) is None else here.after(step)
    for scale in (_scale_stable_of_canary, _scale_new_of_canary, _scale_others_of_canary):
        scaled = scale(first, strategy)
        if scaled is not None:
            effects = step.effects + scaled.effects if step else scaled.effects
            ends = Ends.ACTING if scaled.effects else Ends.NOTHING
            return Step(effects, scaled.events, wake_at=scaled.wake_at, reason=scaled.reason, ends=ends)
    return step


def await_drain(here: Situation) -> Step | None:
    """Sizes that follow the weight and have to wait: time alone lets them go down."""
    strategy = here.rollout.strategy
    follows = isinstance(strategy, Canary) and strategy.is_routed and strategy.dynamic_stable
    return wait_for_drain(here) if follows else None


def rescale_canary(here: Situation) -> Step | None:
    """The rollout's size changed: bring the versions to it, and let steps, traffic and analyses wait a round.

    A version that is on its way out after an abort is not brought to any size, and must not keep traffic waiting.
    With a template that changed at the same time the update begins first: its steps must not be taken for done.
    """
    if here.template_changed:
        return None
    kept = (here.stable,) if here.status.is_aborted else (here.new, here.stable)
    if is_halted(here) or not any(_was_scaled_for_other(here, version) for version in kept):
        return None
    step = scale_canary(here)
    return Step(ends=Ends.ACTING) if step is None else replace(step, ends=Ends.ACTING)


def _was_scaled_for_other(here: Situation, version: Version | None) -> bool:
    return version is not None and version.replicas > 0 and version.desired_then != here.rollout.size


def forget_old_versions(here: Situation) -> Step | None:
    """Old versions without pods beyond the history limit are deleted, oldest first."""
    empty = [v for v in here.others if v.replicas == 0 and v.current == 0]
    surplus = len(empty) - max(here.rollout.history_limit, 0)
    if surplus <= 0:
        return None
    oldest = sorted(empty, key=lambda v: (v.revision, v.created))[:surplus]
    return Step(tuple(DeleteVersion(v.name) for v in oldest))


def is_halted(here: Situation) -> bool:
    """A human's pause or an inconclusive analysis freezes sizes, never traffic.

    An abort is the later word: where pods carry the weight, freezing them would keep users on the bad version. So is a
    full promotion: who asks for one of a held rollout would wait for ever.
    """
    if here.observed.is_aborted:
        return False
    return here.is_held or (not here.observed.promote_fully and here.observed.paused_for(INCONCLUSIVE) is not None)


def _scale_stable_of_canary(here: Situation, strategy: Canary) -> Step | None:
    if here.stable is None or (here.new is not None and here.new.name == here.stable.name):
        return None
    status = replace(here.status, canary=replace(here.status.canary, shares=here.observed.canary.shares))
    size = counts(here.rollout, strategy, status, held(here))[1]
    if strategy.dynamic_stable and here.observed.canary.shares is None:
        size = here.rollout.size  # nothing says yet that any traffic has left it
    return scale_to(here, here.stable, _not_too_early(here, strategy, here.stable, size))


def _not_too_early(here: Situation, strategy: Canary, version: Version, size: int) -> int:
    """Sizes that follow the weight go down once the routes have carried it out; await_drain wakes for that.

    Where routers can tell, they have to have said so. Until then the version keeps its pods, and is no longer one that
    was scaled for another size of the rollout: traffic does not wait for it.
    """
    is_shrinking = strategy.dynamic_stable and strategy.is_routed and size < version.replicas
    is_early = is_shrinking and (is_open(here) or drained_at(here) is not None)
    return version.replicas if is_early else size


def _scale_new_of_canary(here: Situation, strategy: Canary) -> Step | None:
    if here.new is None:
        return None
    size = counts(here.rollout, strategy, here.status, held(here))[0]
    if here.status.is_aborted and strategy.is_routed and here.new.name != _name(here.stable):
        if not strategy.dynamic_stable:
            return _retire_new(here, here.new, strategy.abort_scale_down_delay)
        if size == 0 and (strategy.abort_scale_down_delay == timedelta() or is_open(here)):
            return None
    return scale_to(here, here.new, _not_too_early(here, strategy, here.new, size))


def _retire_new(here: Situation, new: Version, delay: timedelta | None) -> Step | None:
    """After an abort the new version stays for a while, once stable carries everything; delay 0 keeps it for good."""
    if delay == timedelta() or new.replicas == 0:
        return None
    if here.stable is None or here.stable.available < here.rollout.size:
        return None
    if new.scale_down_at is None:
        until = here.now + (delay or DEFAULT_SCALE_DOWN_DELAY)
        return Step((DelayScaleDown(new.name, until),), wake_at=until)
    if here.now < new.scale_down_at:
        return Step(wake_at=new.scale_down_at)
    return _let_go(here, new)


def _scale_others_of_canary(here: Situation, strategy: Canary) -> Step | None:
    others = [v for v in here.others if v.replicas > 0]
    if strategy.is_routed:
        return _retire_routed(here, others, strategy)
    unhealthy = _drop_unhealthy(here, others, strategy)
    return unhealthy or _retire_basic(here, others, strategy)


def _drop_unhealthy(here: Situation, others: list[Version], strategy: Canary) -> Step | None:
    """Pods of old versions that serve nobody go first, oldest version first, within what may be missing."""
    least = here.rollout.size - unavailable_of(here.rollout, strategy)
    spare = sum(v.replicas for v in here.versions) - least
    new_missing = here.new.replicas - here.new.available if here.new else 0
    spare -= max(0, new_missing)
    for version in sorted(others, key=lambda v: v.created):
        dead = min(spare, version.replicas - version.available)
        if dead > 0:
            return scale_to(here, version, version.replicas - dead)
    return None


def _retire_basic(here: Situation, others: list[Version], strategy: Canary) -> Step | None:
    """Old pods would get traffic: they go, newest version first, as fast as availability allows."""
    # a version that was just made smaller may still show the pods that it is about to lose
    serving = sum(min(v.replicas, v.available) for v in here.versions)
    spare = serving - (here.rollout.size - unavailable_of(here.rollout, strategy))
    effects: tuple[Effect, ...] = ()
    events: tuple[Event, ...] = ()
    for version in others:
        given = min(spare, version.replicas)
        step = scale_to(here, version, version.replicas - given) if given > 0 else None
        if step is not None:
            spare -= given
            effects, events = effects + step.effects, events + step.events
    return Step(effects, events, reason=events[0].message) if events else None


def _retire_routed(here: Situation, others: list[Version], strategy: Canary) -> Step | None:
    """A former stable version keeps its delay; one overtaken in mid-update has a short one, unless it serves nobody.

    Nobody goes while the routes are not known to lead elsewhere. (Argo scales the overtaken one at once.)
    """
    if is_open(here):
        return Step(reason="old versions stay until the weights are verified")
    steps = []
    for version, is_one_too_many in _counted(here, others, strategy.scale_down_delay_revisions):
        if is_one_too_many:
            delay = timedelta()
        elif here.is_promoted or version.scale_down_at is not None:
            delay = timedelta() if strategy.dynamic_stable else strategy.scale_down_delay
        else:
            delay = ROUTE_GRACE if version.available > 0 else timedelta()
        steps.append(retire(here, version, delay))
    return together(steps, Ends.ACTING)


def _counted(here: Situation, others: Iterable[Version], limit: int | None) -> Iterator[tuple[Version, bool]]:
    """Old versions with pods that nothing refers to, newest first; and whether more wait already than may."""
    waiting = 0
    for version in others:
        if version.replicas > 0 and not is_referenced(here, version):
            waiting += 1
            yield version, limit is not None and waiting > limit


def scale_blue_green(here: Situation) -> Step | None:
    """Stable to full size, the new version to its own, the others when their delay is over."""
    strategy = here.rollout.strategy
    if not isinstance(strategy, BlueGreen):
        return None
    steps = [drop_stale_delays(here)]
    if here.stable is not None and (here.new is None or here.new.name != here.stable.name):
        steps.append(scale_to(here, here.stable, here.rollout.size))
    steps.append(_scale_new_of_blue_green(here, strategy))
    if here.observed.paused_for(INCONCLUSIVE) is None:
        steps.append(_retire_blue_green(here, strategy))
    return together(steps)


def _scale_new_of_blue_green(here: Situation, strategy: BlueGreen) -> Step | None:
    if here.new is None:
        return None
    if here.status.is_aborted and here.new.name != _name(here.stable):
        return _retire_new(here, here.new, strategy.abort_scale_down_delay)
    return scale_to(here, here.new, preview_size(here, strategy))


def is_new_stable(here: Situation) -> bool:
    """The wanted version was promoted before: by another strategy, or it is the way back."""
    return here.new is not None and here.new.hash == here.observed.stable


def preview_size(here: Situation, strategy: BlueGreen) -> int:
    """Pods of the new version: a preview's worth until its promotion has begun, if the user wants it so."""
    if strategy.preview_replicas is None or here.status.promote_fully or here.is_initial:
        return here.rollout.size
    active = here.version_of(here.observed.blue_green.active)
    is_serving = active is not None and active.name != _name(here.new)
    if not is_serving or is_new_stable(here) or here.observed.blue_green.may_grow:
        return here.rollout.size
    return strategy.preview_replicas


def _retire_blue_green(here: Situation, strategy: BlueGreen) -> Step | None:
    """Old versions wait for their delay, at most so many of them; the newest ones are kept."""
    counted = _counted(here, here.others, strategy.scale_down_delay_revisions)
    delay = strategy.scale_down_delay
    return together([retire(here, v, timedelta() if is_over else delay) for v, is_over in counted], Ends.ACTING)


def retire(here: Situation, version: Version, delay: timedelta) -> Step | None:
    """Give an old version its deadline, wait for it, and scale it down when it has passed. No delay: at once.

    While it waits it follows the rollout's size, as Argo has it, if it ever had the full size: a canary that was
    aborted at one pod does not grow on its way out (Argo's does).
    """
    if delay == timedelta():
        return _let_go(here, version)
    if version.scale_down_at is None:
        until = here.now + delay
        return Step((DelayScaleDown(version.name, until),), wake_at=until)
    if here.now < version.scale_down_at:
        was_full = version.desired_then is None or version.replicas >= version.desired_then
        kept = scale_to(here, version, here.rollout.size if was_full else min(version.replicas, here.rollout.size))
        return together([kept, Step(wake_at=version.scale_down_at)])
    return _let_go(here, version)


def _let_go(here: Situation, version: Version) -> Step | None:
    """To no pods at all, unless requests may still come; a version without a ready pod gets none."""
    if version.available == 0:
        return scale_to(here, version, 0)
    return wait_for_drain(here) or scale_to(here, version, 0)


def is_referenced(here: Situation, version: Version) -> bool:
    """Some Service, or a recorded weight, may still send requests to it."""
    shares = here.status.canary.shares
    hashes = {here.observed.stable, here.observed.current, here.status.blue_green.active}
    if shares is not None:
        hashes |= {s.hash for s in (shares.canary, shares.stable, *shares.extra) if s.weight > 0}
    services = _serving(here)
    is_led_to = version.hash in hashes | {here.service_hash(name) for name in services}
    return is_led_to or lingers(here, version, services)


def _serving(here: Situation) -> set[str]:
    """The Services that requests may come through: after a promotion none come through the idle side of ping-pong."""
    strategy, names = here.rollout.strategy, set(here.snapshot.services)
    is_idle = isinstance(strategy, Canary) and strategy.ping_pong is not None and here.is_promoted
    return names - {here.rollout.services.canary} if is_idle else names


def _name(version: Version | None) -> str | None:
    return version.name if version else None
