"""What is wrong with a Rollout's spec, in the order and words of Argo (spec/argo-rollouts.md §1.2–1.6).

Called by rollout.parse. Paths follow Argo's form: `spec.strategy.steps[0]…`, without `canary`; the first fault is the
one that users see in the InvalidSpec condition. The rules ask of the spec as Go decodes it, so that a value of the
wrong type counts as absent. A spec is judged once: the same one comes back at every event of its Rollout.
"""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from rollouts.dialects.argo.pods.labels import selector_faults
from rollouts.dialects.argo.pods.template import template_faults
from rollouts.dialects.argo.pods.wording import invalid, negative, required
from rollouts.dialects.argo.reading import integer
from rollouts.dialects.argo.validation_strategy import strategy_faults
from rollouts.hashing import rollout_template_hash, typed
from rollouts.model.faults import Fault, Faults
from rollouts.model.reading import mapping

_DEADLINE_SECONDS = 600
_HISTORY = 10
_MOST = 2**31 - 1
_TEMPLATE_TWICE = "template must be empty for workload reference rollout"


def rollout_faults(spec: Mapping[str, Any], *, is_resolved: bool = False, template: str | None = None) -> Faults:
    """Every mistake in the spec, the most basic ones first.

    `is_resolved`: the template is the one that spec.workloadRef leads to, and is judged like one of its own. `template`
    is what can be read of it, as JSON, where the caller knows that already.
    """
    if template is None:
        template = rollout_template_hash({"spec": dict(spec)}).json
    rest = json.dumps({key: value for key, value in spec.items() if key != "template"})
    return _judged(template, rest, is_resolved=is_resolved)


@lru_cache(maxsize=4096)
def _judged(template: str, rest: str, *, is_resolved: bool) -> Faults:
    spec = json.loads(rest)
    is_referring = isinstance(spec.get("workloadRef"), dict)
    selector = None if spec.get("selector") is None else typed("LabelSelector", spec["selector"])
    read = json.loads(template)
    return (
        *_size("spec.replicas", _number(spec, "replicas", 1)),
        *(() if is_referring and not is_resolved else _selector(selector)),
        *(_template_twice(read) if is_referring and not is_resolved else ()),
        *_template(read, selector, is_own=is_resolved or not is_referring),
        *_numbers(spec),
        *strategy_faults(mapping(spec.get("strategy")), _number(spec, "revisionHistoryLimit", _HISTORY)),
        *_size("spec.strategy.blueGreen.previewReplicaCount", _number(_blue_green(spec), "previewReplicaCount", 1)),
    )


def _size(path: str, value: int) -> Iterator[Fault]:
    """A definition's int32 keeps no larger number out, and Argo cuts it to 32 bits; no ReplicaSet could be made."""
    yield from negative(path, value)
    if value > _MOST:
        yield invalid(path, value, f"must be less than or equal to {_MOST}")


def _blue_green(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(mapping(spec.get("strategy")).get("blueGreen"))


def _number(spec: Mapping[str, Any], name: str, default: int) -> int:
    value = integer(spec.get(name))
    return default if value is None else value


def _selector(selector: Mapping[str, Any] | None) -> Iterator[Fault]:
    """Argo asks this only of rollouts with a template of their own; of others it says that no label matches."""
    if selector is None:
        yield required("spec.selector", "Rollout has missing field '.spec.selector'")
        return
    yield from selector_faults(selector, "spec.selector")
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield invalid("spec.selector", selector, "empty selector is invalid for deployment")


def _template_twice(template: Mapping[str, Any]) -> Iterator[Fault]:
    metadata = template.get("metadata") or {}
    if metadata.get("labels") or metadata.get("annotations"):
        yield Fault("spec.template", f"Internal error: {_TEMPLATE_TWICE}", "remove spec.template")


def _template(template: Mapping[str, Any], selector: Mapping[str, Any] | None, *, is_own: bool) -> Iterator[Fault]:
    """The template, unless nobody can say which pods are the rollout's."""
    if any(selector_faults(selector or {}, "")):
        yield invalid("spec.selector", selector, "invalid label selector")
    elif is_own:
        yield from template_faults(template, selector, "spec.template")


def _numbers(spec: Mapping[str, Any]) -> Iterator[Fault]:
    least, deadline = _number(spec, "minReadySeconds", 0), _number(spec, "progressDeadlineSeconds", _DEADLINE_SECONDS)
    yield from _size("spec.minReadySeconds", least)
    yield from negative("spec.revisionHistoryLimit", _number(spec, "revisionHistoryLimit", _HISTORY))
    yield from negative("spec.progressDeadlineSeconds", deadline)
    if deadline <= least:
        yield invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")
