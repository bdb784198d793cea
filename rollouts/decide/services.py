"""Which version each Service selects. Called by the canary and blue-green tuples; a Service never moves to nothing.

Argo: a Service that was never managed is adopted only once the version is fully available, so that migrating to a
Rollout causes no outage; afterwards one available pod is enough for a canary.
"""

from rollouts.decide.situation import Situation, Step, together
from rollouts.model.effects import PointService
from rollouts.model.plan import Event
from rollouts.model.strategy import Canary
from rollouts.model.workload import Version


def point_services(here: Situation) -> Step | None:
    """Stable Service to the stable version, canary Service to the new one (back to stable after an abort)."""
    strategy = here.rollout.strategy
    if not isinstance(strategy, Canary):
        return None
    steps = [_point_side(here, strategy), point(here, strategy.stable_service, here.stable)]
    if not here.status.is_aborted and not is_taken(here):
        steps.append(point(here, strategy.canary_service, here.new))
    elif not strategy.is_routed:
        steps.append(point(here, strategy.canary_service, here.stable))
    return together(steps)


def is_taken(here: Situation) -> bool:
    """The canary's Service still brings weight to a version that was overtaken: the weight has to move first.

    Back to a stable version of full size it may move at once.
    """
    strategy, shares = here.rollout.strategy, here.observed.canary.shares
    if not isinstance(strategy, Canary) or not strategy.is_routed or shares is None or shares.canary.weight == 0:
        return False
    before = here.version_of(shares.canary.hash)
    if before is None or before.available == 0 or before.hash == here.current_hash:
        return False
    return strategy.dynamic_stable or not here.is_promoted


def _point_side(here: Situation, strategy: Canary) -> Step | None:
    """Ping-pong: the Service on the canary's side leads to the new version; the other one leads to stable as it did.

    While that side still has weight it moves only to a version that can serve.
    """
    if strategy.ping_pong is None or here.is_promoted or is_taken(here):
        return None
    shares = here.observed.canary.shares
    has_weight = shares is not None and shares.canary.weight > 0
    return point(here, here.rollout.services.canary, here.new, when_ready=has_weight)


def point(here: Situation, service: str, version: Version | None, *, when_ready: bool = True) -> Step | None:
    """Make a Service select this version, once the version can serve."""
    if not service or version is None or here.service_hash(service) == version.hash:
        return None
    seen = here.snapshot.services.get(service)
    if seen is None or not seen.exists:
        return None
    if when_ready and not _can_serve(version, is_adopting=not seen.managed_by):
        return None
    was = here.service_hash(service)
    message = f"Switched selector for service '{service}' from '{was}' to '{version.hash}'"
    return Step((PointService(service, version.hash),), (Event("SwitchService", message),))


def _can_serve(version: Version, *, is_adopting: bool) -> bool:
    if is_adopting:
        return version.replicas > 0 and version.available >= version.replicas
    return version.available > 0
