"""What is wrong with an Experiment's spec, in Argo's order and words. Called by lint, and by the Experiment kind, which
shows the first one as the condition InvalidSpec; and what is wrong with one that a rollout's step would start.

Argo's texts speak of a Rollout where they mean the Experiment; clients know them so.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rollouts.dialects.argo.reading import go_duration, integer
from rollouts.model.faults import Fault, Faults
from rollouts.model.reading import items, mapping, text

DEADLINE = 600
"""Seconds that an Experiment's versions have to get ready where it says nothing."""


def experiment_faults(manifest: Mapping[str, Any]) -> Faults:
    """The mistakes, template by template."""
    spec, name = mapping(manifest.get("spec")), text(mapping(manifest.get("metadata")).get("name"))
    deadline = integer(spec.get("progressDeadlineSeconds"))
    seen: set[str] = set()
    faults: list[Fault] = []
    for index, template in enumerate(map(mapping, items(spec.get("templates")))):
        faults.extend(_template_faults(template, index, DEADLINE if deadline is None else deadline))
        faults.extend(_name_faults(template, index, name, seen))
        seen.add(text(template.get("name")))
    return tuple(faults)


def _name_faults(template: Mapping[str, Any], index: int, experiment: str, seen: set[str]) -> Iterator[Fault]:
    name, path = text(template.get("name")), f"spec.templates[{index}].name"
    if not name:
        yield Fault(path, f"Experiment {experiment} has empty template name at index {index}", "name the template")
    elif name in seen:
        message = f"Experiment {experiment} has repeated template name '{name}' in templates"
        yield Fault(path, message, "give each template a name of its own")


def _template_faults(template: Mapping[str, Any], index: int, deadline: int) -> Iterator[Fault]:
    path = f"spec.templates[{index}]"
    selector = template.get("selector")
    if selector is None:
        message = f"Rollout has missing field '.Spec.Templates[{index}].Selector'"
        yield Fault(f"{path}.selector", message, "select the labels of the template's pods")
    elif not mapping(selector):
        message = f"This experiment is selecting all pods at index {index}. A non-empty selector is required."
        yield Fault(f"{path}.selector", message, "select the labels of the template's pods")
    if (integer(template.get("minReadySeconds")) or 0) > deadline:
        message = f"MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Check template index {index}"
        yield Fault(f"{path}.minReadySeconds", message, "make it shorter than spec.progressDeadlineSeconds")


def duration_faults(duration: str, path: str) -> Iterator[Fault]:
    """A duration that is none. Argo takes it for one that never ends."""
    if duration and go_duration(duration) is None:
        yield Fault(path, f'Invalid value: "{duration}": must be a duration', "write it like 90s, 5m or 1h30m")


def step_experiment_faults(spec: Mapping[str, Any]) -> Faults:
    """Steps of a Rollout whose Experiment could never run. Argo makes it, and the rollout waits for it for ever."""
    steps = enumerate(map(mapping, items(mapping(mapping(spec.get("strategy")).get("canary")).get("steps"))))
    return tuple(
        fault
        for index, step in steps
        if step.get("experiment") is not None
        for fault in _step_faults(mapping(step["experiment"]), f"spec.strategy.steps[{index}].experiment")
    )


def _step_faults(experiment: Mapping[str, Any], path: str) -> Iterator[Fault]:
    yield from duration_faults(text(experiment.get("duration")), f"{path}.duration")
    for part in ("templates", "analyses"):
        names = [text(mapping(one).get("name")) for one in items(experiment.get(part))]
        for index, name in enumerate(names):
            here = f"{path}.{part}[{index}].name"
            if not name:
                yield Fault(here, "Required value", "give it a name")
            elif name in names[:index]:
                yield Fault(here, f'Duplicate value: "{name}"', "give each of them a name of its own")
