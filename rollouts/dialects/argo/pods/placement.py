"""How pods spread over a cluster, and which taints they bear. Called by spec."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rollouts.dialects.argo.pods import names
from rollouts.dialects.argo.pods.labels import selector_faults
from rollouts.dialects.argo.pods.wording import duplicate, each, forbidden, invalid, required, unsupported
from rollouts.model.faults import Fault

Part = Mapping[str, Any]
_ACTIONS = ("DoNotSchedule", "ScheduleAnyway")
_POLICIES = ("Honor", "Ignore")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_POSITIVE = "must be greater than zero"


def spread_faults(constraints: Sequence[Part], path: str) -> Iterator[Fault]:
    """Constraints on how evenly pods are spread."""
    for index, constraint in enumerate(constraints):
        here = f"{path}[{index}]"
        yield from _basics(constraint, here)
        topology, action = _kind(constraint)
        if (topology, action) in map(_kind, constraints[index + 1 :]):
            yield duplicate(f"{here}.{{topologyKey, whenUnsatisfiable}}", f"{{{topology}, {action}}}")
        yield from _domains(constraint.get("minDomains"), action, f"{here}.minDomains")
        for field in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            if constraint.get(field) is not None and constraint[field] not in _POLICIES:
                yield unsupported(f"{here}.{field}", constraint[field], _POLICIES)
        yield from _label_keys(constraint, f"{here}.matchLabelKeys")
        yield from selector_faults(constraint.get("labelSelector") or {}, f"{here}.labelSelector")


def _kind(constraint: Part) -> tuple[str, str]:
    return constraint.get("topologyKey", ""), constraint.get("whenUnsatisfiable", "")


def _basics(constraint: Part, path: str) -> Iterator[Fault]:
    topology, action = _kind(constraint)
    if constraint.get("maxSkew", 0) <= 0:
        yield invalid(f"{path}.maxSkew", constraint.get("maxSkew", 0), _POSITIVE)
    if not topology:
        yield required(f"{path}.topologyKey", "can not be empty")
    if action not in _ACTIONS:
        yield unsupported(f"{path}.whenUnsatisfiable", action, _ACTIONS)


def _domains(number: int | None, action: str, path: str) -> Iterator[Fault]:
    if number is None:
        return
    if number <= 0:
        yield invalid(path, number, _POSITIVE)
    if action != "DoNotSchedule":
        text = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        yield invalid(path, number, text)


def _label_keys(constraint: Part, path: str) -> Iterator[Fault]:
    keys, selector = constraint.get("matchLabelKeys") or (), constraint.get("labelSelector")
    if keys and selector is None:
        yield forbidden(path, "must not be specified when labelSelector is not set")
    selected = {*((selector or {}).get("matchLabels") or ())}
    selected |= {requirement.get("key", "") for requirement in (selector or {}).get("matchExpressions") or ()}
    for index, key in enumerate(keys):
        yield from each(f"{path}[{index}]", key, names.qualified(key))
        if key in selected:
            yield invalid(f"{path}[{index}]", key, "exists in both matchLabelKeys and labelSelector")


def toleration_faults(tolerations: Sequence[Part], path: str) -> Iterator[Fault]:
    """Taints that the pod bears."""
    for index, toleration in enumerate(tolerations):
        here, key = f"{path}[{index}]", toleration.get("key", "")
        operator, effect = toleration.get("operator", ""), toleration.get("effect", "")
        if key:
            yield from each(f"{here}.key", key, names.qualified(key))
        elif operator != "Exists":
            text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            yield invalid(f"{here}.operator", operator, text)
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            yield invalid(f"{here}.effect", effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
        yield from _comparison(operator, toleration.get("value", ""), f"{here}.operator")
        if effect and effect not in _EFFECTS:
            yield unsupported(f"{here}.effect", effect, _EFFECTS)


def _comparison(operator: str, value: str, path: str) -> Iterator[Fault]:
    match operator:
        case "Equal" | "":
            if wrong := list(names.label_value(value)):
                yield invalid(path, value, ";".join(wrong))
        case "Exists":
            if value:
                yield invalid(path, value, "value must be empty when `operator` is 'Exists'")
        case _:
            yield unsupported(path, operator, ("Equal", "Exists"))
