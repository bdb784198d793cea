"""The three Services around a target and its copy: one to either version, and the one that everybody calls.

Called by twins. A Service that is not there is made; one that a user has made is taken over as it is, but for its
selector, its ports, and the mark that keeps others from putting it back.
"""

from copy import deepcopy
from typing import Any

from rollouts.model.copying import Copying, Objects
from rollouts.model.keys import UNTENDED
from rollouts.model.objects import Change, Create, Json, Ref
from rollouts.model.patches import changed
from rollouts.model.reading import items, mapping, text
from rollouts.model.strategy import PodMetadata
from rollouts.workloads import adoption
from rollouts.workloads.marks import passed_on
from rollouts.workloads.selection import ports_of, side_of

_ASSIGNED = ("clusterIP", "clusterIPs", "healthCheckNodePort", "loadBalancerIP")
"""What the API server, or a load balancer, gives to one Service alone."""
_NEARNESS = "trafficDistribution"


def tend(copying: Copying, objects: Objects) -> tuple[Change, ...]:
    """The Services of both versions as they should be."""
    target = objects.get(copying.target)
    if target is None:
        return ()
    if not copying.pair.is_sized:
        return _followed(copying, target, objects) if objects.get(copying.copy) else ()
    pair, front, side = copying.pair, copying.front, side_of(copying, target)
    return (
        *_brought(copying, objects, pair.canary_service, side.target, front.canary),
        *_brought(copying, objects, pair.stable_service, side.copy, front.stable),
    )


def serve(copying: Copying, objects: Objects) -> tuple[Change, ...]:
    """The Service that everybody calls leads to the copy."""
    target = objects.get(copying.target)
    if target is None or not copying.pair.is_sized:
        return ()
    side = side_of(copying, target)
    return _brought(copying, objects, copying.pair.service, side.copy, copying.front.everybodys)


def give_back(copying: Copying, objects: Objects) -> tuple[Change, ...]:
    """A Service that a user has made is as it was before; one that does not lead to the copy already is."""
    target, ref = objects.get(copying.target), copying.service(copying.pair.service)
    live = objects.get(ref)
    if target is None or live is None or not copying.pair.is_sized or is_owned(copying, live):
        return ()
    side = side_of(copying, target)
    if live["spec"].get("selector") != {side.label: side.copy}:
        return ()
    return changed(ref, live, adoption.given_back(copying, live, {side.label: side.target}))


def versions(copying: Copying, objects: Objects) -> tuple[Change, ...]:
    """Of a Service as target: a copy of it for either version."""
    target = objects.get(copying.target)
    if target is None:
        return ()
    followed = _followed(copying, target, objects)
    if objects.get(copying.copy) is not None:
        return followed
    return (Create(copying.copy, _copied(copying, copying.copy, target)), *followed)


def promoted(copying: Copying, target: Json, copy: Json) -> tuple[Change, ...]:
    """Of a Service as target: the copy that serves becomes what the target is now. To the letter it loses its marks."""
    after = {**copy, "spec": _spec_of(target, copy)}
    if copying.is_literal:
        lost = ("labels", "annotations", "ownerReferences")
        after["metadata"] = {key: value for key, value in copy["metadata"].items() if key not in lost}
    return changed(copying.copy, copy, after)


def is_owned(copying: Copying, live: Json) -> bool:
    """Whether the rollout controls an object."""
    owners = map(mapping, items(mapping(live.get("metadata")).get("ownerReferences")))
    return any(owner.get("controller") is True and owner.get("uid") == copying.owner["uid"] for owner in owners)


def _followed(copying: Copying, target: Json, objects: Objects) -> tuple[Change, ...]:
    """Of a Service as target: the copy that leads to the new version follows it at once."""
    if copying.has_revisions:
        return ()
    ref = copying.service(f"{copying.pair.target}-canary")
    live = objects.get(ref)
    if live is None:
        return (Create(ref, _copied(copying, ref, target)),)
    return changed(ref, live, {**live, "spec": _spec_of(target, live)})


def _copied(copying: Copying, ref: Ref, target: Json) -> Json:
    meta: Json = {"name": ref.name, "namespace": ref.namespace, "ownerReferences": [dict(copying.owner)]}
    for field in ("labels", "annotations"):
        given = mapping(target["metadata"].get(field))
        marks = dict(given) if copying.is_literal else passed_on(given)
        meta |= {field: marks} if marks else {}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": _spec_of(target, {})}


def _spec_of(target: Json, live: Json) -> Json:
    """The target's spec with the addresses of the Service that gets it."""
    held = mapping(live.get("spec"))
    spec = {key: deepcopy(value) for key, value in target["spec"].items() if key not in _ASSIGNED}
    spec |= {"clusterIP": "None"} if target["spec"].get("clusterIP") == "None" else {}
    spec |= {key: held[key] for key in _ASSIGNED if key in held}
    if "ports" in spec:
        spec["ports"] = _with_node_ports([{k: v for k, v in p.items() if k != "nodePort"} for p in spec["ports"]], held)
    return spec


def _brought(copying: Copying, objects: Objects, name: str, value: str, marks: PodMetadata) -> tuple[Change, ...]:
    ref, target = copying.service(name), objects[copying.target]
    live, label = objects.get(ref), side_of(copying, mapping(target)).label
    ports, selector = _ports(copying, mapping(target)), {label: value}
    labels, annotations = {**marks.labels, label: name}, {**UNTENDED, **marks.annotations}
    if live is None:
        meta: Json = {"name": name, "namespace": ref.namespace, "ownerReferences": [dict(copying.owner)]}
        meta |= {"labels": labels, "annotations": annotations}
        spec = {"type": "ClusterIP", "selector": selector, "ports": ports, **_wishes(copying)}
        return (Create(ref, {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}),)
    held = mapping(live.get("spec"))
    spec = {**held, "selector": selector}
    if [_plain(port) for port in items(held.get("ports"))] != [_plain(port) for port in ports]:
        spec["ports"] = _with_node_ports(ports, held)
    if not is_owned(copying, live):
        meta = {**live["metadata"], "annotations": adoption.taken(copying, live, selector)}
        return changed(ref, live, {**live, "metadata": meta, "spec": spec})
    nearness = {_NEARNESS: copying.front.distribution} if copying.front.distribution else {}
    spec = {key: value for key, value in spec.items() if key != _NEARNESS} | nearness
    return changed(ref, live, {**live, "metadata": _marked(copying, live, labels, annotations), "spec": spec})


def _marked(copying: Copying, live: Json, labels: Json, annotations: Json) -> Json:
    """The metadata of a Service of ours: just what is wanted, and what its user leaves to others."""
    meta, front = live["metadata"], copying.front
    held_labels, held = mapping(meta.get("labels")), mapping(meta.get("annotations"))
    kept = {key: value for key, value in held_labels.items() if key in front.kept_labels}
    noted = {key: value for key, value in held.items() if key in front.kept_annotations}
    return {**meta, "labels": {**kept, **labels}, "annotations": {**noted, **annotations}}


def _ports(copying: Copying, target: Json) -> list[Json]:
    front = copying.front
    served: Json = {"name": front.port_name, "protocol": "TCP", "port": front.port}
    served["targetPort"] = front.target_port or front.port
    served |= {"appProtocol": front.app_protocol} if front.app_protocol else {}
    return [served, *(_discovered(copying, name, port) for name, port in ports_of(copying, target).items())]


def _discovered(copying: Copying, name: str, port: int) -> Json:
    """A Service with two ports of one name is refused; to the letter, it is tried."""
    is_taken = name == copying.front.port_name and not copying.is_literal
    return {"name": f"{name}-{port}" if is_taken else name, "protocol": "TCP", "port": port, "targetPort": port}


def _wishes(copying: Copying) -> Json:
    front = copying.front
    wishes: Json = {"clusterIP": "None"} if front.is_headless else {}
    return wishes | ({_NEARNESS: front.distribution} if front.distribution else {})


def _plain(port: Any) -> Json:
    """A port without what the API server fills in."""
    given = mapping(port)
    plain = {key: value for key, value in given.items() if key != "nodePort"}
    return {"protocol": "TCP", "targetPort": given.get("port"), **plain}


def _with_node_ports(ports: list[Json], held: Json) -> list[Json]:
    """Ports with the node ports that those of their names have."""
    known = {text(port.get("name")): port.get("nodePort") for port in map(mapping, items(held.get("ports")))}
    taken = ((port, known.pop(text(port.get("name")), None)) for port in ports)
    return [{**port, "nodePort": node} if node else port for port, node in taken]
