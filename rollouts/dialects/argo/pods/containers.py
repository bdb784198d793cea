"""Containers and init containers. Called by spec."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rollouts.dialects.argo.pods import names
from rollouts.dialects.argo.pods.environment import env_faults, env_from_faults
from rollouts.dialects.argo.pods.mounts import device_faults, mount_faults
from rollouts.dialects.argo.pods.ports import conflict_faults, port_faults
from rollouts.dialects.argo.pods.probes import lifecycle_faults, probe_faults
from rollouts.dialects.argo.pods.resources import resize_faults, resource_faults
from rollouts.dialects.argo.pods.security import container_security_faults
from rollouts.dialects.argo.pods.wording import duplicate, each, forbidden, invalid, missing, required, unsupported
from rollouts.model.faults import Fault

Part = Mapping[str, Any]
_PULLS = ("Always", "IfNotPresent", "Never")
_LOGS = ("File", "FallbackToLogsOnError")
_GRACE = 30
_NOT_BEFORE = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
_NOT_FOR_DEBUGGING = ("ports", "resources", *_NOT_BEFORE[1:], _NOT_BEFORE[0])
_SIDECAR_ONLY = "may not be set for init containers without restartPolicy=Always"


def container_faults(pod: Part, volumes: Mapping[str, Part], path: str) -> Iterator[Fault]:
    """The containers that run for as long as the pod does."""
    containers = pod.get("containers") or []
    if not containers:
        yield required(path, cure="name at least one container")
        return
    seen = set()
    for index, container in enumerate(containers):
        here = f"{path}[{index}]"
        yield from _common(container, volumes, _claims(pod), here)
        name = container.get("name", "")
        if name in seen:
            yield duplicate(f"{here}.name", name)
        seen.add(name)
        yield from _running(container, pod, here)
        if container.get("restartPolicy") is not None:
            yield forbidden(f"{here}.restartPolicy", "may not be set for non-init containers")
    yield from conflict_faults(containers, path)


def init_container_faults(pod: Part, volumes: Mapping[str, Part], path: str) -> Iterator[Fault]:
    """The containers that run before; those that always restart are sidecars and may have probes."""
    seen = {container.get("name", "") for container in pod.get("containers") or ()}
    for index, container in enumerate(pod.get("initContainers") or ()):
        here = f"{path}[{index}]"
        yield from _common(container, volumes, _claims(pod), here)
        restart = container.get("restartPolicy")
        if restart not in (None, "Always"):
            yield unsupported(f"{here}.restartPolicy", restart, ["Always"])
        name = container.get("name", "")
        if name in seen:
            yield duplicate(f"{here}.name", name)
        elif name:
            seen.add(name)
        yield from conflict_faults([container], path)
        yield from _during(container, pod, here)


def _during(container: Part, pod: Part, path: str) -> Iterator[Fault]:
    """Probes and hooks of an init container, which only a sidecar may have, and its resizing, which none may."""
    if container.get("restartPolicy") == "Always":
        yield from _running(container, pod, path)
    else:
        given = (field for field in _NOT_BEFORE if container.get(field) is not None)
        yield from (forbidden(f"{path}.{field}", _SIDECAR_ONLY) for field in given)
    if container.get("resizePolicy"):
        shown = [{key[0].upper() + key[1:]: value for key, value in rule.items()} for rule in container["resizePolicy"]]
        yield invalid(f"{path}.resizePolicy", shown, "must not be set for init containers")


def ephemeral_container_faults(pod: Part, volumes: Mapping[str, Part], path: str) -> Iterator[Fault]:
    """Containers for debugging, which a template may not have at all; their own faults are told first."""
    others = {part.get("name", "") for kind in ("containers", "initContainers") for part in pod.get(kind) or ()}
    seen = set(others)
    for index, container in enumerate(pod.get("ephemeralContainers") or ()):
        here, name, target = f"{path}[{index}]", container.get("name", ""), container.get("targetContainerName", "")
        yield from _common(container, volumes, _claims(pod), here)
        if name in seen:
            yield duplicate(f"{here}.name", name)
        seen.add(name)
        if target and target not in others:
            yield missing(f"{here}.targetContainerName", target)
        given = (field for field in _NOT_FOR_DEBUGGING if container.get(field))
        yield from (forbidden(f"{here}.{field}", "cannot be set for an Ephemeral Container") for field in given)


def _common(container: Part, volumes: Mapping[str, Part], claims: Sequence[str], path: str) -> Iterator[Fault]:
    """What holds for every container."""
    name = container.get("name", "")
    yield from each(f"{path}.name", name, names.label(name)) if name else (required(f"{path}.name"),)
    if not container.get("image"):
        yield required(f"{path}.image", cure="name the image that the container runs")
    yield from _choice(container, "terminationMessagePolicy", _LOGS, path)
    yield from port_faults(container.get("ports") or (), f"{path}.ports")
    yield from env_faults(container.get("env") or (), f"{path}.env")
    yield from env_from_faults(container.get("envFrom") or (), f"{path}.envFrom")
    yield from mount_faults(container, volumes, f"{path}.volumeMounts")
    yield from device_faults(container, volumes, f"{path}.volumeDevices")
    yield from _choice(container, "imagePullPolicy", _PULLS, path)
    yield from resource_faults(container.get("resources") or {}, f"{path}.resources", claims)
    yield from resize_faults(container.get("resizePolicy") or (), f"{path}.resizePolicy")
    yield from container_security_faults(container.get("securityContext"), f"{path}.securityContext")


def _running(container: Part, pod: Part, path: str) -> Iterator[Fault]:
    grace = pod.get("terminationGracePeriodSeconds")
    grace = _GRACE if grace is None else grace
    has_system = pod.get("os") is not None
    yield from lifecycle_faults(container.get("lifecycle"), grace, f"{path}.lifecycle", has_system=has_system)
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield from probe_faults(container.get(kind), kind, f"{path}.{kind}")


def _claims(pod: Part) -> Sequence[str]:
    return sorted(claim["name"] for claim in pod.get("resourceClaims") or () if claim.get("name"))


def _choice(container: Part, field: str, choices: Iterable[str], path: str) -> Iterator[Fault]:
    value = container.get(field)
    if value and value not in choices:
        yield unsupported(f"{path}.{field}", value, choices)
