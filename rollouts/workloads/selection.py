"""How pods of a target and of its copy are told apart: by one label. Called by all who render what selects them."""

from dataclasses import dataclass

from rollouts.model.copying import Copying
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, text

_SIDECARS = ("istio-proxy", "envoy")
"""Containers that a mesh puts in: their ports are nobody's business."""


@dataclass(frozen=True, slots=True)
class Side:
    """The label and its two values. `known_as` is the target's value in rules about its pods, and the copy's there."""

    label: str
    target: str
    copy: str
    known_as: str
    copy_known_as: str


def side_of(copying: Copying, target: Json) -> Side:
    """The first of the wanted labels that the target selects by; its label is "" where there is none."""
    labels = mapping(mapping(mapping(target.get("spec")).get("selector")).get("matchLabels"))
    label = next((label for label in copying.selector_labels if label in labels), "")
    value = text(labels.get(label))
    known = copying.pair.target if copying.is_literal else value
    return Side(label, value, f"{value}{copying.suffix}", known, f"{known}{copying.suffix}")


def ports_of(copying: Copying, target: Json) -> dict[str, int]:
    """Ports of the target's containers by name, but for the one that is served anyway."""
    front, found = copying.front, {}
    pod = mapping(mapping(mapping(target.get("spec")).get("template")).get("spec"))
    for container in map(mapping, items(pod.get("containers")) if front.discovers_ports else []):
        if container.get("name") in _SIDECARS:
            continue
        for index, port in enumerate(map(mapping, items(container.get("ports")))):
            number, name = port.get("containerPort"), text(port.get("name"))
            if isinstance(number, int) and front.port != number and front.target_port not in (number, name or None):
                found[name or f"tcp-{container.get('name')}-{index}"] = number
    return found
