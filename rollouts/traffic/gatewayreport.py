"""What gateways report about routes: do they carry what a route says now? Called by gatewayapi.

Believed is what speaks of the route's present generation: that it is accepted, that its backends were found, and, where
a gateway says so, that it is in force.
"""

from rollouts.model.objects import Json, Ref
from rollouts.model.reading import items, mapping

_TELLING = ("Accepted", "ResolvedRefs", "Programmed")


def reports(route: Json | None) -> list[list[Json]]:
    """What each gateway has written about a route, where it says which generation it speaks of."""
    parents = items(mapping(mapping(route).get("status")).get("parents"))
    told = [list(map(mapping, items(mapping(parent).get("conditions")))) for parent in parents]
    found = [[c for c in one if c.get("type") in _TELLING and "observedGeneration" in c] for one in told]
    return [conditions for conditions in found if conditions]


def refusal(ref: Ref, route: Json | None) -> str:
    """Why no gateway carries what the route says; "" where one does, or none has ever said anything."""
    generation = mapping(mapping(route).get("metadata")).get("generation", 0)
    complaints = [_complaint(conditions, generation) for conditions in reports(route)]
    return f"{ref.kind} {ref.name}: {complaints[0]}" if complaints and all(complaints) else ""


def _complaint(conditions: list[Json], generation: int) -> str:
    """What a gateway has against the route as it is now."""
    for condition in conditions:
        if condition["observedGeneration"] < generation:
            return "its gateway has not taken the change yet"
        if condition.get("status") == "False":
            return f"{condition.get('reason')}: {condition.get('message')}"
    return ""
