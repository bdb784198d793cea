"""A pod's spec, field by field in Kubernetes' order. Called by template; larger fields have modules of their own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rollouts.dialects.argo.pods import names
from rollouts.dialects.argo.pods.affinity import affinity_faults
from rollouts.dialects.argo.pods.containers import (
    container_faults,
    ephemeral_container_faults,
    init_container_faults,
)
from rollouts.dialects.argo.pods.dns import address_faults, config_faults, policy_faults
from rollouts.dialects.argo.pods.labels import label_faults
from rollouts.dialects.argo.pods.placement import spread_faults, toleration_faults
from rollouts.dialects.argo.pods.resources import resource_faults
from rollouts.dialects.argo.pods.security import pod_security_faults
from rollouts.dialects.argo.pods.volumes import volume_faults
from rollouts.dialects.argo.pods.wording import duplicate, each, invalid, required, unsupported
from rollouts.model.faults import Fault

_RESTARTS = ("Always", "OnFailure", "Never")
_PREEMPTIONS = ("PreemptLowerPriority", "Never")
_SYSTEMS = ("linux", "windows")
_CLAIMED = ("resourceClaimName", "resourceClaimTemplateName")
_NO_CLAIM = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
_TWO_CLAIMS = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
_MAX_INT32 = 2**31 - 1
_EARLY_NAMES: tuple[tuple[str, Callable[[str], Iterator[str]]], ...] = (
    ("serviceAccountName", names.subdomain),
    ("nodeName", names.subdomain),
)
_OVERRIDE = (("hostnameOverride", names.subdomain),)
_HOST_NAMES = (("hostname", names.label), ("subdomain", names.label))


def pod_faults(pod: Mapping[str, Any], path: str) -> Iterator[Fault]:
    """Everything wrong with a pod's spec."""
    volumes, faults = volume_faults(pod.get("volumes") or (), f"{path}.volumes")
    yield from faults
    yield from _claims(pod.get("resourceClaims") or (), f"{path}.resourceClaims")
    yield from container_faults(pod, volumes, f"{path}.containers")
    yield from init_container_faults(pod, volumes, f"{path}.initContainers")
    yield from ephemeral_container_faults(pod, volumes, f"{path}.ephemeralContainers")
    yield from _choice(pod, "restartPolicy", _RESTARTS, path)
    yield from policy_faults(pod, path)
    yield from label_faults(pod.get("nodeSelector") or {}, f"{path}.nodeSelector")
    yield from pod_security_faults(pod.get("securityContext"), f"{path}.securityContext")
    yield from affinity_faults(pod.get("affinity") or {}, f"{path}.affinity")
    yield from config_faults(pod, path)
    yield from _gates(pod, path)
    yield from spread_faults(pod.get("topologySpreadConstraints") or (), f"{path}.topologySpreadConstraints")
    yield from _named(pod, _OVERRIDE + _EARLY_NAMES, path)
    yield from _deadline(pod.get("activeDeadlineSeconds"), f"{path}.activeDeadlineSeconds")
    yield from _named(pod, _HOST_NAMES, path)
    yield from toleration_faults(pod.get("tolerations") or (), f"{path}.tolerations")
    yield from _last(pod, path)


def _last(pod: Mapping[str, Any], path: str) -> Iterator[Fault]:
    for index, alias in enumerate(pod.get("hostAliases") or ()):
        yield from address_faults(alias.get("ip", ""), f"{path}.hostAliases[{index}].ip")
        for position, name in enumerate(alias.get("hostnames") or ()):
            yield from each(f"{path}.hostAliases[{index}].hostnames[{position}]", name, names.subdomain(name))
    yield from _named(pod, (("priorityClassName", names.subdomain),), path)
    if pod.get("runtimeClassName") is not None:
        yield from each(f"{path}.runtimeClassName", pod["runtimeClassName"], names.subdomain(pod["runtimeClassName"]))
    yield from _choice(pod, "preemptionPolicy", _PREEMPTIONS, path)
    if pod.get("overhead"):
        yield from resource_faults({"limits": pod["overhead"]}, f"{path}.overhead")
    if pod.get("os") is not None:
        yield from _system(pod["os"].get("name", ""), f"{path}.os")


def _system(name: str, path: str) -> Iterator[Fault]:
    if not name:
        yield required(f"{path}.name")
    elif name not in _SYSTEMS:
        yield unsupported(path, name, _SYSTEMS)


def _choice(pod: Mapping[str, Any], field: str, choices: tuple[str, ...], path: str) -> Iterator[Fault]:
    value = pod.get(field)
    if value is not None and value not in choices:
        yield unsupported(f"{path}.{field}", value, choices) if value else required(f"{path}.{field}")


def _named(
    pod: Mapping[str, Any], fields: tuple[tuple[str, Callable[[str], Iterator[str]]], ...], path: str
) -> Iterator[Fault]:
    for field, rule in fields:
        if name := pod.get(field):
            yield from each(f"{path}.{field}", name, rule(name))


def _deadline(seconds: int | None, path: str) -> Iterator[Fault]:
    if seconds is not None and not 1 <= seconds <= _MAX_INT32:
        yield invalid(path, seconds, names.between(1, _MAX_INT32))


def _gates(pod: Mapping[str, Any], path: str) -> Iterator[Fault]:
    for index, gate in enumerate(pod.get("readinessGates") or ()):
        name = gate.get("conditionType", "")
        yield from each(f"{path}.readinessGates[{index}].conditionType", name, names.qualified(name))
    seen = set()
    for index, gate in enumerate(pod.get("schedulingGates") or ()):
        name, here = gate.get("name", ""), f"{path}.schedulingGates[{index}]"
        yield from each(here, name, names.qualified(name))
        if name in seen:
            yield duplicate(here, name)
        seen.add(name)


def _claims(claims: Sequence[Mapping[str, Any]], path: str) -> Iterator[Fault]:
    seen = set()
    for index, claim in enumerate(claims):
        name, here = claim.get("name", ""), f"{path}[{index}].name"
        sources = [claim.get(field) for field in _CLAIMED]
        if not name:
            yield required(here)
        elif name in seen:
            yield duplicate(here, name)
        else:
            yield from each(here, name, names.label(name))
        seen.add(name)
        if sum(source is not None for source in sources) != 1:
            shown = {"Name": name, "ResourceClaimName": sources[0], "ResourceClaimTemplateName": sources[1]}
            yield invalid(f"{path}[{index}]", shown, _TWO_CLAIMS if None not in sources else _NO_CLAIM)
