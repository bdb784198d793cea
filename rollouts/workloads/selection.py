"""How pods of a target and of its copy are told apart: by one label. Called by all who render what selects them."""

from dataclasses import dataclass

from rollouts.model.copying import Copying
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, text

_SIDECARS = ("istio-proxy", "envoy")
"""Containers that a mesh puts in: their ports are nobody's business."""


@dataclass(frozen=True, slots=True)
class Side:
    """The label and its two values. In rules about the target's pods one of `keys` has the value `known_as`."""

    label: str
    target: str
    copy: str
    keys: tuple[str, ...]
    known_as: str


def side_of(copying: Copying, target: Json) -> Side:
    """The first of the wanted labels that the target selects by; its label is "" where there is none."""
    labels = mapping(mapping(mapping(target.get("spec")).get("selector")).get("matchLabels"))
    label = next((label for label in copying.selector_labels if label in labels), "")
    value = text(labels.get(label))
    keys, known = ((label,), value) if not copying.is_literal else (_literal_keys(copying), copying.pair.target)
    return Side(label, value, f"{value}{copying.suffix}", keys, known)


def _literal_keys(copying: Copying) -> tuple[str, ...]:
    """To the letter any of the labels counts, by the target's name; and a DaemonSet's rules stay about the target."""
    return () if copying.target.kind == "DaemonSet" else copying.selector_labels


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
