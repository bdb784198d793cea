"""Environment variables and where their values come from. Called by containers; volumes use the field rules too."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rollouts.dialects.argo.pods import names
from rollouts.dialects.argo.pods.wording import each, invalid, required, unsupported
from rollouts.model.faults import Fault

Part = Mapping[str, Any]
_ADDRESSES = ("status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs")
_IDENTITY = ("metadata.name", "metadata.namespace", "metadata.uid")
_METADATA = ("metadata.annotations", "metadata.labels")
FIELDS = (*_IDENTITY, "spec.nodeName", "spec.serviceAccountName", *_ADDRESSES)
_READABLE = (*FIELDS, *_METADATA, "spec.restartPolicy", "spec.schedulerName", "status.phase")
_AMOUNTS = ("cpu", "ephemeral-storage", "memory")
RESOURCES = tuple(f"{kind}.{name}" for kind in ("limits", "requests") for name in _AMOUNTS)
_BYTES = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
_UNITS = {
    "cpu": ("cpu", ("1m", "1")),
    "memory": ("memory", _BYTES),
    "ephemeral-storage": ("local ephemeral storage", _BYTES),
}
_HUGE_PAGES = ("limits.hugepages-", "requests.hugepages-")
_NO_SOURCE = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
_TWO_SOURCES = "may not have more than one field specified at a time"


def env_faults(variables: Sequence[Part], path: str) -> Iterator[Fault]:
    """Variables given one by one."""
    for index, entry in enumerate(variables):
        here, name = f"{path}[{index}]", entry.get("name", "")
        yield from each(f"{here}.name", name, names.variable(name)) if name else (required(f"{here}.name"),)
        if entry.get("valueFrom") is not None:
            yield from _source(entry["valueFrom"], entry.get("value", ""), f"{here}.valueFrom")


def _source(source: Part, value: str, path: str) -> Iterator[Fault]:
    if source.get("fieldRef") is not None:
        yield from field_faults(source["fieldRef"], FIELDS, f"{path}.fieldRef")
    if source.get("resourceFieldRef") is not None:
        yield from resource_field_faults(source["resourceFieldRef"], f"{path}.resourceFieldRef")
    for kind in ("configMapKeyRef", "secretKeyRef"):
        if source.get(kind) is not None:
            yield from _key(source[kind], f"{path}.{kind}")
    count = sum(source.get(kind) is not None for kind in source)
    if count == 0:
        yield invalid(path, "", _NO_SOURCE)
    elif value:
        yield invalid(path, "", "may not be specified when `value` is not empty")
    elif count > 1:
        yield invalid(path, "", _TWO_SOURCES)


def _key(reference: Part, path: str) -> Iterator[Fault]:
    name, key = reference.get("name", ""), reference.get("key", "")
    yield from each(f"{path}.name", name, names.subdomain(name))
    yield from each(f"{path}.key", key, names.config_key(key)) if key else (required(f"{path}.key"),)


def env_from_faults(sources: Sequence[Part], path: str) -> Iterator[Fault]:
    """Variables taken over from a ConfigMap or Secret as a whole."""
    for index, entry in enumerate(sources):
        here, prefix = f"{path}[{index}]", entry.get("prefix", "")
        if prefix:
            yield from each(f"{here}.prefix", prefix, names.variable(prefix))
        given = [kind for kind in ("configMapRef", "secretRef") if entry.get(kind) is not None]
        for kind in given:
            name = entry[kind].get("name", "")
            place = f"{here}.{kind}.name"
            yield from each(place, name, _as_prefix(name)) if name else (required(place),)
        if not given:
            yield invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(given) > 1:
            yield invalid(path, "", _TWO_SOURCES)


def _as_prefix(name: str) -> Iterator[str]:
    """Kubernetes takes it for the start of a name here, which may end with a dash."""
    return names.subdomain(f"{name[:-2]}a" if len(name) > 1 and name.endswith("-") else name)


def field_faults(reference: Part, known: Sequence[str], path: str) -> Iterator[Fault]:
    """A field of the pod itself; `known` are those that this place can show."""
    field = reference.get("fieldPath", "")
    if not field:
        yield required(f"{path}.fieldPath")
        return
    name, subscript = _split(field)
    trouble = _unreadable(reference.get("apiVersion") or "v1", field, name, has_subscript=subscript is not None)
    if trouble:
        yield invalid(f"{path}.fieldPath", field, f"error converting fieldPath: {trouble}")
    elif subscript is not None:
        key = subscript.lower() if name == "metadata.annotations" else subscript
        yield from each(path, key, names.qualified(key))
    elif (name := "spec.nodeName" if field == "spec.host" else field) not in known:
        yield unsupported(f"{path}.fieldPath", name, sorted(known))


def _split(field: str) -> tuple[str, str | None]:
    name, bracket, rest = field.removesuffix("']").partition("['")
    return (name, rest) if field.endswith("']") and bracket and name else (field, None)


def _unreadable(version: str, field: str, name: str, *, has_subscript: bool) -> str:
    if version != "v1":
        return f"unsupported pod version: {version}"
    if has_subscript:
        return "" if name in _METADATA else f"field label does not support subscript: {field}"
    return "" if field in (*_READABLE, "spec.host") else f"field label not supported: {field}"


def resource_field_faults(reference: Part, path: str, *, is_in_volume: bool = False) -> Iterator[Fault]:
    """A container's request or limit."""
    resource = reference.get("resource", "")
    if is_in_volume and not reference.get("containerName"):
        yield required(f"{path}.containerName")
    elif not resource:
        yield required(f"{path}.resource")
    elif resource not in RESOURCES and not resource.startswith(_HUGE_PAGES):
        yield unsupported(f"{path}.resource", resource, sorted(RESOURCES))
    yield from _divisor(resource, reference.get("divisor", "0"), f"{path}.divisor")


def _divisor(resource: str, divisor: str, path: str) -> Iterator[Fault]:
    """What the amount is divided by: a whole unit."""
    kind = resource.partition(".")[2]
    if divisor == "0" or kind not in _UNITS:
        return
    words, units = _UNITS[kind]
    if divisor not in units:
        shown = (" and " if kind == "cpu" else ", ").join(units)
        yield invalid(path, resource, f"only divisor's values {shown} are supported with the {words} resource")
