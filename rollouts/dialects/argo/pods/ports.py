"""Ports of containers, and two containers that want the same one of their node. Called by containers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rollouts.dialects.argo.pods import names
from rollouts.dialects.argo.pods.wording import duplicate, each, invalid, required, unsupported
from rollouts.model.faults import Fault

_PROTOCOLS = ("SCTP", "TCP", "UDP")


def port_faults(ports: Sequence[Mapping[str, Any]], path: str) -> Iterator[Fault]:
    """The ports of one container."""
    seen: set[str] = set()
    for index, port in enumerate(ports):
        yield from _name(port.get("name", ""), seen, f"{path}[{index}].name")
        yield from _numbers(port, f"{path}[{index}]")


def _name(name: str, seen: set[str], path: str) -> Iterator[Fault]:
    if not name:
        return
    wrong = list(names.port_name(name))
    yield from each(path, name, wrong)
    if not wrong and name in seen:
        yield duplicate(path, name)
    seen |= set() if wrong else {name}


def _numbers(port: Mapping[str, Any], path: str) -> Iterator[Fault]:
    number, host_port = port.get("containerPort", 0), port.get("hostPort", 0)
    if number == 0:
        yield required(f"{path}.containerPort")
    else:
        yield from each(f"{path}.containerPort", number, names.port_number(number))
    if host_port != 0:
        yield from each(f"{path}.hostPort", host_port, names.port_number(host_port))
    protocol = port.get("protocol") or "TCP"
    if protocol not in _PROTOCOLS:
        yield unsupported(f"{path}.protocol", protocol, _PROTOCOLS)


def conflict_faults(containers: Sequence[Mapping[str, Any]], path: str) -> Iterator[Fault]:
    """Ports of the node that two containers want."""
    seen = set()
    for index, container in enumerate(containers):
        for position, port in enumerate(container.get("ports") or ()):
            wanted = port.get("hostPort", 0)
            address = f"{port.get('protocol') or 'TCP'}/{port.get('hostIP', '')}/{wanted}"
            if wanted and address in seen:
                yield duplicate(f"{path}[{index}].ports[{position}].hostPort", address)
            seen.add(address)


def number_or_name_faults(port: int | str, path: str) -> Iterator[Fault]:
    """A port given by number or by name."""
    wrong = names.port_name(port) if isinstance(port, str) else names.port_number(port)
    yield from (invalid(path, port, text) for text in wrong)
