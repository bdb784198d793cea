"""A second Ingress beside the user's own. Called by the providers whose controller reads weights off such a one.

The user's Ingress is only read; the second one is made after it, and follows its rules.
"""

from collections.abc import Callable

from rollouts.model.objects import Create, Json, Ref
from rollouts.model.owned import OwnedRoute
from rollouts.model.patches import changed
from rollouts.model.reading import items, mapping
from rollouts.traffic.bodies import annotations, with_annotations
from rollouts.traffic.owned.objects import metadata, not_found, respec, whole
from rollouts.traffic.protocol import Kind, Objects, Rendered

KIND: Kind = ("networking.k8s.io/v1", "Ingress")
RESOURCE = "ingresses.networking.k8s.io"
UNNAMED = "ingress selector is empty"


def refs(route: OwnedRoute) -> tuple[Ref, ...]:
    """The user's Ingress and the second one; none where the manifest names no Ingress."""
    if route.beside is None:
        return ()
    names = (route.beside.name, f"{route.beside.name}-canary")
    return tuple(Ref(*KIND, route.namespace, name) for name in names)


def missing(ref: Ref, word: str = "ingress") -> str:
    """That an Ingress is not there."""
    resource = not_found(RESOURCE, ref.name)
    return f"{word} {ref.name}.{ref.namespace} get query error: {resource}"


def live_second(route: OwnedRoute, objects: Objects) -> tuple[Ref, Json] | str:
    """The second Ingress, or why there is none."""
    named = refs(route)
    if not named:
        return UNNAMED
    live = objects[named[1]]
    return missing(named[1]) if live is None else (named[1], live)


def tend(
    route: OwnedRoute,
    objects: Objects,
    word: str,
    marks: Callable[[Json], Json],
    spec: Callable[[Json], Json | str],
    *,
    renews: bool = False,
) -> Rendered:
    """Make the second Ingress, or bring its rules to what `spec` makes of the user's; a text is what stands in the way.

    `marks` makes the first annotations of the user's; later ones carry weights, and are left alone, but where a repair
    `renews` them.
    """
    named = refs(route)
    if not named:
        return Rendered(error=UNNAMED)
    source_ref, ref = named
    source, live = objects[source_ref], objects[ref]
    if source is None:
        return Rendered(error=missing(source_ref, word))
    wanted = spec(source)
    if isinstance(wanted, str):
        return Rendered(error=wanted)
    first = marks(annotations(source))
    if live is not None:
        changes = respec(ref, live, wanted)
        renewed = with_annotations({**live, "spec": wanted}, first)
        return Rendered(changed(ref, live, renewed) if changes and renews else changes)
    meta = metadata(route, ref.name, is_marked=False) | {"annotations": first}
    labels = mapping(mapping(source.get("metadata")).get("labels"))
    return Rendered((Create(ref, whole(ref, meta | ({"labels": labels} if labels else {}), wanted)),))


def mark(route: OwnedRoute, objects: Objects, marks: Callable[[Json], Json]) -> Rendered:
    """Give the second Ingress the annotations that `marks` makes of those it has."""
    found = live_second(route, objects)
    if isinstance(found, str):
        return Rendered(error=found)
    ref, live = found
    return Rendered(changed(ref, live, with_annotations(live, marks(annotations(live)))))


def leads_to(path: Json, service: str) -> bool:
    """Whether a path's backend is the Service."""
    return bool(mapping(mapping(path.get("backend")).get("service")).get("name") == service)


def led(path: Json, service: str) -> Json:
    """The path, led to another Service by the same port."""
    backend = mapping(path.get("backend"))
    return {**path, "backend": {**backend, "service": {**mapping(backend.get("service")), "name": service}}}


def paths(ingress: Json) -> list[Json]:
    """The paths of all rules."""
    return [path for rule in _rules(ingress) for path in _paths(rule)]


def with_paths(ingress: Json, change: Callable[[list[Json]], list[Json]]) -> Json:
    """The spec, with what `change` makes of the paths of each rule."""
    rules = [
        {**rule, "http": {**mapping(rule.get("http")), "paths": change(_paths(rule))}} if rule.get("http") else rule
        for rule in _rules(ingress)
    ]
    return {**mapping(ingress.get("spec")), **({"rules": rules} if rules else {})}


def _rules(ingress: Json) -> list[Json]:
    return [mapping(rule) for rule in items(mapping(ingress.get("spec")).get("rules"))]


def _paths(rule: Json) -> list[Json]:
    return [mapping(path) for path in items(mapping(rule.get("http")).get("paths"))]
