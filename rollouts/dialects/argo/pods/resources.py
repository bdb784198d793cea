"""Requests and limits. Called by containers and spec."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rollouts.dialects.argo.pods import names
from rollouts.dialects.argo.pods.amounts import amount
from rollouts.dialects.argo.pods.wording import duplicate, each, forbidden, invalid, missing, required, unsupported
from rollouts.model.faults import Fault

_CONTAINER = ("cpu", "memory", "ephemeral-storage")
_COUNTED = ("pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps")
_BARE = (*_COUNTED, "persistentvolumeclaims", "services.nodeports", "services.loadbalancers")
_SUMS = tuple(f"{kind}.{name}" for kind in ("requests", "limits") for name in _CONTAINER)
_STANDARD = (*_CONTAINER, *_SUMS, *_BARE, "storage", "requests.storage")
_HUGE = "hugepages-"
_QUOTA = "requests."
_RESIZED = ("cpu", "memory")
_RESIZES = ("NotRequired", "RestartContainer")


def resource_faults(resources: Mapping[str, Any], path: str, claims: Sequence[str] = ()) -> Iterator[Fault]:
    """Names and amounts, requests above their limits, and claims that are none of the pod's."""
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name, value in limits.items():
        yield from _amount(name, value, f"{path}.limits[{name}]")
    for name, value in requests.items():
        yield from _amount(name, value, f"{path}.requests[{name}]")
        yield from _within(name, value, limits, path)
    given = {*limits, *requests}
    if any(name.startswith(_HUGE) for name in given) and not given & set(_RESIZED):
        yield forbidden(path, "HugePages require cpu or memory")
    known = f": {', '.join(claims)}" if claims else " which is empty"
    for index, claim in enumerate(resources.get("claims") or ()):
        name = claim.get("name", "")
        if not name:
            yield required(f"{path}.claims[{index}]")
        elif name not in claims:
            text = f"must be one of the names in pod.spec.resourceClaims{known}"
            yield missing(f"{path}.claims[{index}]", name, text)


def _amount(name: str, value: Any, path: str) -> Iterator[Fault]:
    yield from _name(name, path)
    if amount(value) < 0:
        yield invalid(path, value, "must be greater than or equal to 0")
    if (name in _BARE or _is_extended(name)) and amount(value) % 1:
        yield invalid(path, value, "must be an integer")


def _name(name: str, path: str) -> Iterator[Fault]:
    wrong = list(names.qualified(name))
    yield from each(path, name, wrong)
    if "/" in name:
        if not _is_native(name) and not _is_extended(name):
            yield invalid(path, name, "doesn't follow extended resource name standard")
        return
    if not wrong and name not in _STANDARD and not name.startswith((_HUGE, f"{_QUOTA}{_HUGE}")):
        yield invalid(path, name, "must be a standard resource type or fully qualified")
    if name not in _CONTAINER and not name.startswith(_HUGE):
        yield invalid(path, name, "must be a standard resource for containers")


def _within(name: str, value: Any, limits: Mapping[str, Any], path: str) -> Iterator[Fault]:
    may_exceed = _is_native(name) and not name.startswith(_HUGE)
    if name not in limits:
        if not may_exceed:
            yield required(f"{path}.limits", "Limit must be set for non overcommitable resources")
        return
    wanted, limit = amount(value), amount(limits[name])
    if wanted != limit and not may_exceed:
        text = f"must be equal to {name} limit of {limits[name]}"
        yield invalid(f"{path}.requests", value, text)
    elif wanted > limit:
        text = f"must be less than or equal to {name} limit of {limits[name]}"
        yield invalid(f"{path}.requests", value, text)


def _is_native(name: str) -> bool:
    return "/" not in name or "kubernetes.io/" in name


def _is_extended(name: str) -> bool:
    if _is_native(name) or name.startswith(_QUOTA):
        return False
    return not list(names.qualified(f"{_QUOTA}{name}"))


def resize_faults(policies: Sequence[Mapping[str, Any]], path: str) -> Iterator[Fault]:
    """What happens to a container when its resources are changed."""
    seen = set()
    for index, policy in enumerate(policies):
        resource = policy.get("resourceName", "")
        if resource in seen:
            yield duplicate(f"{path}[{index}]", resource)
        seen.add(resource)
        for value, choices in ((resource, _RESIZED), (policy.get("restartPolicy", ""), _RESIZES)):
            if value not in choices:
                yield unsupported(path, value, choices) if value else required(path)
