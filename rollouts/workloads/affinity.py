"""New pods keep off the nodes of stable ones: a rule in the new version's template (spec/argo-rollouts.md §2.16).

The rule names the stable version, so it is known again, and is another one, or none, for the next update. It is no
part of the template that the user wrote: comparisons leave it out.
"""

from collections.abc import Iterator
from copy import deepcopy

from rollouts.model.effects import PlaceVersion
from rollouts.model.keys import HASH_LABEL
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping
from rollouts.model.strategy import AntiAffinity, BlueGreen, Canary, Strategy

_RULES = "podAntiAffinity"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_NODE = "kubernetes.io/hostname"


def rule_of(strategy: Strategy) -> AntiAffinity | None:
    """What the user asked for."""
    return strategy.anti_affinity if isinstance(strategy, Canary | BlueGreen) else None


def keeps_off(template: Json) -> str:
    """The version whose nodes the pods of this template avoid by a rule of ours; "" without one."""
    return next((values[0] for term in _terms(template) if (values := _ours(term))), "")


def affinity(template: Json, rule: AntiAffinity | None, stable: str) -> Json | None:
    """The user's own affinity, and with a rule and a stable version the one that keeps off its nodes."""
    own: Json = deepcopy(mapping(mapping(template.get("spec")).get("affinity")))
    if rule is None or not stable:
        return own or None
    expression = {"key": HASH_LABEL, "operator": "In", "values": [stable]}
    term: Json = {"labelSelector": {"matchExpressions": [expression]}, "topologyKey": _NODE}
    rules = own[_RULES] = mapping(own.get(_RULES))
    if rule.is_required:
        rules[_REQUIRED] = [*items(rules.get(_REQUIRED)), term]
    else:
        rules[_PREFERRED] = [*items(rules.get(_PREFERRED)), {"weight": rule.weight, "podAffinityTerm": term}]
    return own


def place(effect: PlaceVersion, template: Json, rule: AntiAffinity | None) -> Json:
    """The merge patch of a ReplicaSet of this (the rollout's) template, which carries a rule of ours."""
    wanted = affinity(template, rule, effect.keeps_off)
    if wanted is not None:
        rules = mapping(wanted.get(_RULES))
        wanted = {**wanted, _RULES: {name: rules.get(name) for name in (_REQUIRED, _PREFERRED)} if rules else None}
    return {"spec": {"template": {"spec": {"affinity": wanted}}}}


def bare(template: Json) -> Json:
    """A live template without rules of ours, and without what they alone were in."""
    if not keeps_off(template):
        return template
    own: Json = deepcopy(template["spec"]["affinity"])
    rules = own.pop(_RULES)
    for name in (_REQUIRED, _PREFERRED):
        left = [term for term in items(rules.pop(name, None)) if not _ours(term.get("podAffinityTerm", term))]
        if left:
            rules[name] = left
    if rules:
        own[_RULES] = rules
    spec = {key: value for key, value in template["spec"].items() if key != "affinity"}
    return {**template, "spec": {**spec, "affinity": own} if own else spec}


def _terms(template: Json) -> Iterator[Json]:
    rules = mapping(mapping(mapping(template.get("spec")).get("affinity")).get(_RULES))
    yield from map(mapping, items(rules.get(_REQUIRED)))
    yield from (mapping(mapping(term).get("podAffinityTerm")) for term in items(rules.get(_PREFERRED)))


def _ours(term: Json) -> list[str]:
    """The values of a term that selects by the hash label, [] for any other."""
    expressions = items(mapping(term.get("labelSelector")).get("matchExpressions"))
    first = mapping(expressions[0]) if expressions else {}
    return [str(value) for value in items(first.get("values"))] if first.get("key") == HASH_LABEL else []
