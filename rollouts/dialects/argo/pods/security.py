"""Security contexts of pods and containers. Called by spec and containers; Windows' own options are not looked into."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rollouts.dialects.argo.pods.names import SUBDOMAIN_LENGTH, between
from rollouts.dialects.argo.pods.paths import relative_faults
from rollouts.dialects.argo.pods.wording import duplicate, invalid, required, unsupported
from rollouts.model.faults import Fault

Part = Mapping[str, Any]
_MAX_ID = 2**31 - 1
_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_CHOICES = (
    ("fsGroupChangePolicy", ("Always", "OnRootMismatch")),
    ("supplementalGroupsPolicy", ("Merge", "Strict")),
    ("seLinuxChangePolicy", ("MountOption", "Recursive")),
)
_SYSCTL = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTLS = rf"({_SYSCTL}[\./])*{_SYSCTL}"


def pod_security_faults(context: Part | None, path: str) -> Iterator[Fault]:
    """What holds for all containers of a pod."""
    if context is None:
        return
    yield from _ids(context, ("fsGroup", "runAsUser", "runAsGroup"), path)
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        yield from _identity(group, f"{path}.supplementalGroups[{index}]")
    yield from _sysctls(context.get("sysctls") or (), f"{path}.sysctls")
    change, *others = _CHOICES
    yield from _choice(context, *change, path)
    yield from _seccomp(context.get("seccompProfile"), f"{path}.seccompProfile")
    yield from _app_armor(context.get("appArmorProfile"), f"{path}.appArmorProfile")
    for field, choices in others:
        yield from _choice(context, field, choices, path)


def container_security_faults(context: Part | None, path: str) -> Iterator[Fault]:
    """What holds for one container. Argo does not look at `privileged`."""
    if context is None:
        return
    yield from _ids(context, ("runAsUser", "runAsGroup"), path)
    mount = context.get("procMount")
    if mount is not None and mount not in ("Default", "Unmasked"):
        yield unsupported(f"{path}.procMount", mount, ["Default", "Unmasked"])
    if mount == "Unmasked":
        yield invalid(f"{path}.procMount", mount, "`hostUsers` must be false to use `Unmasked`")
    yield from _seccomp(context.get("seccompProfile"), f"{path}.seccompProfile")
    yield from _app_armor(context.get("appArmorProfile"), f"{path}.appArmorProfile")


def _ids(context: Part, fields: tuple[str, ...], path: str) -> Iterator[Fault]:
    for field in fields:
        if context.get(field) is not None:
            yield from _identity(context[field], f"{path}.{field}")


def _identity(number: int, path: str) -> Iterator[Fault]:
    if not 0 <= number <= _MAX_ID:
        yield invalid(path, number, between(0, _MAX_ID))


def _choice(context: Part, field: str, choices: tuple[str, ...], path: str) -> Iterator[Fault]:
    value = context.get(field)
    if value is not None and value not in choices:
        yield unsupported(f"{path}.{field}", value, choices)


def _sysctls(settings: Sequence[Part], path: str) -> Iterator[Fault]:
    seen = set()
    for index, setting in enumerate(settings):
        name, here = setting.get("name", ""), f"{path}[{index}].name"
        if not name:
            yield required(here)
        elif len(name) > SUBDOMAIN_LENGTH or not re.fullmatch(_SYSCTLS, name):
            yield invalid(here, name, f"must have at most {SUBDOMAIN_LENGTH} characters and match regex ^{_SYSCTLS}$")
        elif name in seen:
            yield duplicate(here, name)
        seen.add(name)


def _seccomp(profile: Part | None, path: str) -> Iterator[Fault]:
    if profile is None:
        return
    yield from _type(profile.get("type", ""), "seccompProfile", path)
    local = profile.get("localhostProfile")
    if profile.get("type") == "Localhost":
        if local is None:
            yield required(f"{path}.localhostProfile", "must be set when seccomp type is Localhost")
        else:
            yield from relative_faults(local, f"{path}.localhostProfile")
    elif local is not None:
        shown = {"Type": profile.get("type", ""), "LocalhostProfile": local}  # Go shows its own struct here
        yield invalid(f"{path}.localhostProfile", shown, "can only be set when seccomp type is Localhost")


def _app_armor(profile: Part | None, path: str) -> Iterator[Fault]:
    if profile is None:
        return
    kind, local, here = profile.get("type", ""), profile.get("localhostProfile"), f"{path}.localhostProfile"
    yield from _type(kind, "appArmorProfile", path)
    if kind == "Localhost":
        if not local:
            yield required(here, "must be set when AppArmor type is Localhost")
        elif local != local.strip():
            yield invalid(here, local, "must not be padded with whitespace")
    elif kind in _PROFILES and local is not None:
        yield invalid(here, local, "can only be set when AppArmor type is Localhost")


def _type(kind: str, field: str, path: str) -> Iterator[Fault]:
    if not kind:
        yield required(f"{path}.type", f"type is required when {field} is set")
    elif kind not in _PROFILES:
        yield unsupported(f"{path}.type", kind, _PROFILES)
