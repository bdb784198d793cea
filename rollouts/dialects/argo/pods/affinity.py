"""Which nodes and neighbours a pod likes. Called by spec."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rollouts.dialects.argo.pods import names
from rollouts.dialects.argo.pods.labels import (
    UNKNOWN_OPERATOR,
    VALUES_FORBIDDEN,
    VALUES_MISSING,
    selector_faults,
)
from rollouts.dialects.argo.pods.wording import each, forbidden, invalid, required
from rollouts.model.faults import Fault

Part = Mapping[str, Any]
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_MOST = 100


def affinity_faults(affinity: Part, path: str) -> Iterator[Fault]:
    """Nodes first, then pods to be near and pods to be far from."""
    yield from _nodes(affinity.get("nodeAffinity") or {}, f"{path}.nodeAffinity")
    for kind in ("podAffinity", "podAntiAffinity"):
        yield from _pods(affinity.get(kind) or {}, f"{path}.{kind}")


def _nodes(affinity: Part, path: str) -> Iterator[Fault]:
    wanted = affinity.get(_REQUIRED)
    if wanted is not None:
        here = f"{path}.{_REQUIRED}.nodeSelectorTerms"
        if not wanted.get("nodeSelectorTerms"):
            yield required(here, "must have at least one node selector term")
        for index, term in enumerate(wanted.get("nodeSelectorTerms") or ()):
            yield from _term(term, f"{here}[{index}]", has_checked_values=True)
    for index, term in enumerate(affinity.get(_PREFERRED) or ()):
        here = f"{path}.{_PREFERRED}[{index}]"
        yield from _weight(term, here)
        yield from _term(term.get("preference") or {}, f"{here}.preference", has_checked_values=False)


def _weight(term: Part, path: str) -> Iterator[Fault]:
    weight = term.get("weight", 0)
    if not 1 <= weight <= _MOST:
        yield invalid(f"{path}.weight", weight, "must be in the range 1-100")


def _term(term: Part, path: str, *, has_checked_values: bool) -> Iterator[Fault]:
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        here = f"{path}.matchExpressions[{index}]"
        yield from _operator(requirement.get("operator", ""), requirement.get("values") or (), here)
        key = requirement.get("key", "")
        yield from each(f"{here}.key", key, names.qualified(key))
        if has_checked_values:
            for position, value in enumerate(requirement.get("values") or ()):
                yield from each(f"{here}.values[{position}]", value, names.label_value(value))
    for index, requirement in enumerate(term.get("matchFields") or ()):
        yield from _field(requirement, f"{path}.matchFields[{index}]")


def _operator(operator: str, values: Sequence[str], path: str) -> Iterator[Fault]:
    match operator:
        case "In" | "NotIn":
            yield from () if values else (required(f"{path}.values", VALUES_MISSING),)
        case "Exists" | "DoesNotExist":
            yield from (forbidden(f"{path}.values", VALUES_FORBIDDEN),) if values else ()
        case "Gt" | "Lt":
            text = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            yield from () if len(values) == 1 else (required(f"{path}.values", text),)
        case _:
            yield invalid(f"{path}.operator", operator, UNKNOWN_OPERATOR)


def _field(requirement: Part, path: str) -> Iterator[Fault]:
    values, key = requirement.get("values") or (), requirement.get("key", "")
    if requirement.get("operator", "") not in ("In", "NotIn"):
        yield invalid(f"{path}.operator", requirement.get("operator", ""), UNKNOWN_OPERATOR)
    elif len(values) != 1:
        text = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        yield required(f"{path}.values", text)
    if key != "metadata.name":
        yield invalid(f"{path}.key", key, "not a valid field selector key")
        return
    for index, value in enumerate(values):
        yield from each(f"{path}.values[{index}]", value, names.subdomain(value))


def _pods(affinity: Part, path: str) -> Iterator[Fault]:
    for index, term in enumerate(affinity.get(_REQUIRED) or ()):
        yield from _neighbours(term, f"{path}.{_REQUIRED}[{index}]")
    for index, term in enumerate(affinity.get(_PREFERRED) or ()):
        here = f"{path}.{_PREFERRED}[{index}]"
        yield from _weight(term, here)
        yield from _neighbours(term.get("podAffinityTerm") or {}, f"{here}.podAffinityTerm")


def _neighbours(term: Part, path: str) -> Iterator[Fault]:
    for field in ("labelSelector", "namespaceSelector"):
        yield from selector_faults(term.get(field) or {}, f"{path}.{field}")
    for name in term.get("namespaces") or ():
        yield from each(f"{path}.namespace", name, names.label(name))
    yield from _label_keys(term, path)
    topology = term.get("topologyKey", "")
    if not topology:
        yield required(f"{path}.topologyKey", "can not be empty")
    yield from each(f"{path}.topologyKey", topology, names.qualified(topology))


def _label_keys(term: Part, path: str) -> Iterator[Fault]:
    for field in ("matchLabelKeys", "mismatchLabelKeys"):
        keys = term.get(field) or ()
        if keys and term.get("labelSelector") is None:
            yield forbidden(f"{path}.{field}", "must not be specified when labelSelector is not set")
            continue
        for index, key in enumerate(keys):
            yield from each(f"{path}.{field}[{index}]", key, names.qualified(key))
    for index, key in enumerate(term.get("matchLabelKeys") or ()):
        if key in (term.get("mismatchLabelKeys") or ()):
            text = "exists in both matchLabelKeys and mismatchLabelKeys"
            yield invalid(f"{path}.matchLabelKeys[{index}]", key, text)
