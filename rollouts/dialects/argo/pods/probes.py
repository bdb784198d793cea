"""Probes and lifecycle hooks: what is run or asked, and how often. Called by containers."""

from collections.abc import Iterator, Mapping
from typing import Any

from rollouts.dialects.argo.pods import names
from rollouts.dialects.argo.pods.ports import number_or_name_faults
from rollouts.dialects.argo.pods.wording import each, forbidden, invalid, negative, required, unsupported
from rollouts.model.faults import Fault

Part = Mapping[str, Any]
_SCHEMES = ("HTTP", "HTTPS")
_HANDLERS = {"probe": ("exec", "httpGet", "tcpSocket", "grpc"), "hook": ("exec", "httpGet", "tcpSocket", "sleep")}
_TIMES = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")


def probe_faults(probe: Part | None, kind: str, path: str) -> Iterator[Fault]:
    """A probe; only readiness may want several successes, only the others may set a grace period."""
    if probe is None:
        return
    yield from _handler(probe, "probe", 0, path)
    for field in _TIMES:
        yield from negative(f"{path}.{field}", probe.get(field, 0))
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        yield invalid(f"{path}.terminationGracePeriodSeconds", grace, "must be greater than 0")
    successes = probe.get("successThreshold") or 1
    if kind == "readinessProbe":
        if grace is not None:
            yield invalid(f"{path}.terminationGracePeriodSeconds", grace, "must not be set for readinessProbes")
    elif successes != 1:
        yield invalid(f"{path}.successThreshold", successes, "must be 1")


def lifecycle_faults(lifecycle: Part | None, grace: int, path: str, *, has_system: bool) -> Iterator[Fault]:
    """What runs after a container's start and before its end; `grace` is how long that end may take."""
    for hook in ("postStart", "preStop"):
        if (lifecycle or {}).get(hook) is not None:
            yield from _handler((lifecycle or {})[hook], "hook", grace, f"{path}.{hook}")
    if (lifecycle or {}).get("stopSignal") is not None and not has_system:
        yield forbidden(f"{path}.stopSignal", "may not be set for containers with empty `spec.os.name`")


def _handler(holder: Part, kind: str, grace: int, path: str) -> Iterator[Fault]:
    given = [name for name in _HANDLERS[kind] if holder.get(name) is not None]
    if not given:
        yield required(path, "must specify a handler type")
        return
    action, here = holder[given[0]], f"{path}.{given[0]}"
    match given[0]:
        case "exec":
            yield from () if action.get("command") else (required(f"{here}.command"),)
        case "httpGet":
            yield from _http(action, here)
        case "tcpSocket" | "grpc":
            yield from number_or_name_faults(action.get("port", 0), f"{here}.port")
        case _:
            yield from _sleep(action.get("seconds", 0), grace, here)
    yield from (forbidden(f"{path}.{name}", "may not specify more than 1 handler type") for name in given[1:])


def _http(action: Part, path: str) -> Iterator[Fault]:
    yield from number_or_name_faults(action.get("port", 0), f"{path}.port")
    scheme = action.get("scheme") or "HTTP"
    if scheme not in _SCHEMES:
        yield unsupported(f"{path}.scheme", scheme, _SCHEMES)
    for header in action.get("httpHeaders") or ():
        name = header.get("name", "")
        yield from each(f"{path}.httpHeaders", name, names.header(name))


def _sleep(seconds: int, grace: int, path: str) -> Iterator[Fault]:
    if not 0 < seconds <= grace:
        text = f"must be greater than 0 and less than terminationGracePeriodSeconds ({grace})."
        gate = "Enable AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep."
        yield invalid(path, seconds, f"{text} {gate}")
