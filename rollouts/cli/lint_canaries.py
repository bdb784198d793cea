"""What is wrong with Canaries and what stands beside them, as files have them. Called by lint_check.

The dialect's own validation first; then what only other objects show: references that lead nowhere, and names that the
Canary is going to make and somebody else has already.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from rollouts.dialects.registry import TICKING, Flags
from rollouts.model.copying import Copying
from rollouts.model.errors import UndecodableError
from rollouts.model.faults import Fault

DIALECT = TICKING[kinds.CANARIES.api_version, kinds.CANARIES.kind]
Ruled = tuple[str, Fault]
WHOLE = 100
CLAMPED = f"counts as {WHOLE}"
"""How the fault of a weight ends that works, but not as it is written."""
_LISTED = (("metrics", "templateRef", "MetricTemplate"), ("alerts", "providerRef", "AlertProvider"))
_REFERENCES = ("targetRef", "autoscalerRef", "ingressRef", "routeRef", "upstreamRef")


def canary_faults(obj: Json, shelf: Sequence[Json]) -> Iterator[Ruled]:
    """A Canary's, each with the look that found it."""
    templates = {_source(o): o for o in shelf if (o["apiVersion"], o["kind"]) == DIALECT.template}
    try:
        rollout = DIALECT.parse(obj, "", DIALECT.provider, None, templates)
    except UndecodableError as error:
        yield "validation", Fault("", str(error), "write it as a Canary")
        return
    for fault in rollout.faults:
        if not fault.message.endswith("does not exist"):  # told below, with the names that were perhaps meant
            yield "validation", fault
    for fault in _clamped(obj):
        yield "validation", fault
    for fault in (*_references(obj, shelf), *_beside(obj, shelf), *_target(obj, shelf), *_claims(obj, shelf)):
        yield "reference", fault


def _clamped(obj: Json) -> Iterator[Fault]:
    """Weights beyond everything."""
    weights = ((obj.get("spec") or {}).get("analysis") or {}).get("stepWeights")
    for index, weight in enumerate(weights if isinstance(weights, list) else ()):
        if isinstance(weight, int | float) and weight > WHOLE:
            message = f"{weight} is more than all the traffic and {CLAMPED}"
            yield Fault(f"spec.analysis.stepWeights[{index}]", message, "weights are percentages: write at most 100")


def template_faults(obj: Json, shelf: Sequence[Json]) -> Iterator[Ruled]:
    """A MetricTemplate's."""
    for fault in DIALECT.template_faults(obj):
        yield "validation", fault
    for fault in _secret(obj, "spec.provider.secretRef", (obj.get("spec") or {}).get("provider"), shelf):
        yield "reference", fault


def chat_faults(obj: Json, shelf: Sequence[Json]) -> Iterator[Ruled]:
    """An AlertProvider's."""
    for fault in _secret(obj, "spec.secretRef", obj.get("spec"), shelf):
        yield "reference", fault


def _secret(obj: Json, path: str, holder: Any, shelf: Sequence[Json]) -> Iterator[Fault]:
    """Secrets are seldom among the manifests: only where others are, one that is missing is told."""
    name = _field(holder, "secretRef", "name")
    near = [o for o in shelf if o["kind"] == "Secret" and _is_beside(o, obj)]
    if name and near and not any(o["metadata"]["name"] == name for o in near):
        yield _missing(f"{path}.name", "Secret", name)


def _references(obj: Json, shelf: Sequence[Json]) -> Iterator[Fault]:
    """The objects that spec names, of any kind."""
    for field in _REFERENCES:
        reference = (obj.get("spec") or {}).get(field) or {}
        kind, name = str(reference.get("kind", "")), str(reference.get("name", ""))
        place = reference.get("namespace") or obj["metadata"].get("namespace")
        if name and not _has(shelf, kind, name, place):
            yield _missing(f"spec.{field}.name", kind, name)


def _beside(obj: Json, shelf: Sequence[Json]) -> Iterator[Fault]:
    """Templates of metrics, and providers of alerts."""
    analysis = (obj.get("spec") or {}).get("analysis") or {}
    for listed, field, kind in _LISTED:
        for index, item in enumerate(analysis.get(listed) or ()):
            name = _field(item, field, "name")
            place = _field(item, field, "namespace") or obj["metadata"].get("namespace")
            if name and not _has(shelf, kind, name, place):
                yield _missing(f"spec.analysis.{listed}[{index}].{field}.name", kind, name)


def _target(obj: Json, shelf: Sequence[Json]) -> Iterator[Fault]:
    """A target whose pods cannot be told from the primary's."""
    copying = _copying(obj)
    target = next((o for o in shelf if _address(o) == _ref(copying)), None)
    if target is None or target["kind"] == "Service":
        return
    labels = ((target.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    if not set(labels) & set(copying.selector_labels):
        known = ", ".join(copying.selector_labels)
        message = f"{target['kind']} {target['metadata']['name']} selects its pods by none of the labels {known}"
        yield Fault("spec.targetRef", message, "add one of them to its matchLabels, or set --selector-labels")


def _claims(obj: Json, shelf: Sequence[Json]) -> Iterator[Fault]:
    """What two Canaries both want, and Services whose names will be taken."""
    mine = _copying(obj)
    made = {mine.pair.stable_service, mine.pair.canary_service}
    for other in shelf:
        name = other["metadata"]["name"]
        if not _is_beside(other, obj) or other is obj:
            continue
        if (other["apiVersion"], other["kind"]) == DIALECT.kind and name != obj["metadata"]["name"]:
            yield from _rivals(mine, _copying(other), name)
        elif other["kind"] == "Service" and name in made and mine.pair.is_sized:
            message = f"Service {name} is made by this Canary, and is among the manifests"
            yield Fault("spec.service.name", message, f"take Service {name} out of the manifests")


def _rivals(mine: Copying, other: Copying, name: str) -> Iterator[Fault]:
    if mine.target == other.target:
        message = f"{mine.target.kind} {mine.target.name} is delivered by Canary {name} too"
        yield Fault("spec.targetRef.name", message, "delete one of the two")
    elif {*_services(mine)} & {*_services(other)}:
        taken = ", ".join(sorted({*_services(mine)} & {*_services(other)}))
        yield Fault("spec.service.name", f"Canary {name} makes Service {taken} too", "name the Services otherwise")


def _services(copying: Copying) -> tuple[str, str, str]:
    pair = copying.pair
    return pair.service, pair.stable_service, pair.canary_service


def _copying(obj: Json) -> Copying:
    return DIALECT.copying_of(obj, Flags())


def _ref(copying: Copying) -> tuple[str, str, str]:
    return copying.target.kind, copying.target.namespace, copying.target.name


def _address(obj: Json) -> tuple[str, str, str]:
    return obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _has(shelf: Sequence[Json], kind: str, name: str, namespace: object) -> bool:
    return any(_address(obj) == (kind, namespace, name) for obj in shelf)


def _missing(path: str, kind: str, name: str) -> Fault:
    return Fault(path, f'{kind} "{name}" not found', f"create the {kind}, or correct the name")


def _source(obj: Json) -> str:
    return f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"


def _is_beside(one: Json, other: Json) -> bool:
    return bool(one["metadata"].get("namespace") == other["metadata"].get("namespace"))


def _field(holder: Any, *names: str) -> str:
    for name in names:
        holder = holder.get(name) if isinstance(holder, Mapping) else None
    return holder if isinstance(holder, str) else ""
