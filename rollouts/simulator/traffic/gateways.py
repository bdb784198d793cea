"""The embedded cluster's gateways as controllers: they say in the status of Gateways and routes what they have taken.

A route is reported on for each parentRef that leads to a Gateway that is there: accepted, and whether its backends were
found, for the generation that was looked at. Routes without such a parent carry traffic all the same, unreported.
"""

from collections.abc import Iterator
from datetime import timedelta

from rollouts.cluster.port import Json
from rollouts.simulator.workloads.rounds import Now, Rounds, Wake
from rollouts.simulator.workloads.selectors import Key, key_of
from rollouts.simulator.workloads.views import View, Views

CONTROLLER = "sluice.dev/embedded-gateway"
TAKING = timedelta(milliseconds=200)
"""How long a gateway takes until a change of a route is in force."""


class Gateways:
    """Reports on all kinds of routes, and on the Gateways themselves."""

    def __init__(self, views: Views, now: Now) -> None:
        self._views = views
        self._now = now
        self._seen: dict[tuple[str, Key], tuple[int, float]] = {}
        self.rounds = tuple(self._rounds_of(view) for view in views.all_routes)
        gateways = Rounds("gateways", self._look_at_gateway, now)
        views.gateways.listen(lambda before, after: self._gateway_changed(gateways, after or before or {}))
        self.all_rounds = (gateways, *self.rounds)

    def _rounds_of(self, view: View) -> Rounds:
        async def look(key: Key) -> Wake | None:
            return await self._look_at_route(view, key)

        rounds = Rounds(f"gateway's {view.resource.plural}", look, self._now)
        view.listen(lambda before, after: rounds.wake(key_of(after or before or {})))
        return rounds

    def _gateway_changed(self, gateways: Rounds, gateway: Json) -> None:
        gateways.wake(key_of(gateway))
        for view, rounds in zip(self._views.all_routes, self.rounds, strict=True):
            for route in view:
                rounds.wake(key_of(route))

    async def _look_at_gateway(self, key: Key) -> None:
        gateway = self._views.gateways.get(key)
        if gateway is not None:
            told = [self._condition(gateway, kind, kind, "", is_true=True) for kind in ("Accepted", "Programmed")]
            await self._report(self._views.gateways, gateway, {"conditions": told})

    async def _look_at_route(self, view: View, key: Key) -> Wake | None:
        """Report on a generation once it has been there for as long as a gateway takes."""
        route, place = view.get(key), (view.resource.plural, key)
        parents = list(self._parents(route)) if route is not None else []
        if route is None or not parents:
            self._seen.pop(place, None)
            return None
        generation, now = route["metadata"].get("generation", 0), self._now()
        seen, since = self._seen.setdefault(place, (generation, now.timestamp()))
        if seen != generation:
            self._seen[place] = (generation, since := now.timestamp())
        due = since + TAKING.total_seconds()
        if now.timestamp() < due:
            return Wake(now + timedelta(seconds=due - now.timestamp()))
        entries = [
            {"parentRef": parent, "controllerName": CONTROLLER, "conditions": self._conditions(route)}
            for parent in parents
        ]
        await self._report(view, route, {"parents": entries})
        return None

    async def _report(self, view: View, obj: Json, status: Json) -> None:
        """Written only where it says something else than before, whenever that was said."""
        if _timeless(obj.get("status") or {}) != _timeless(status):
            await view.write_status(obj, status)

    def _parents(self, route: Json) -> Iterator[Json]:
        namespace, _ = key_of(route)
        for parent in (route.get("spec") or {}).get("parentRefs") or ():
            place = parent.get("namespace") or namespace, parent.get("name", "")
            if parent.get("kind", "Gateway") == "Gateway" and self._views.gateways.get(place) is not None:
                yield parent

    def _conditions(self, route: Json) -> list[Json]:
        lost = next((name for name in self._backends(route) if self._views.services.get(name) is None), None)
        reason, message = ("ResolvedRefs", "") if lost is None else ("BackendNotFound", f"Service {lost[1]} not found")
        return [
            self._condition(route, "Accepted", "Accepted", "", is_true=True),
            self._condition(route, "ResolvedRefs", reason, message, is_true=lost is None),
        ]

    def _backends(self, route: Json) -> Iterator[Key]:
        namespace, _ = key_of(route)
        for rule in (route.get("spec") or {}).get("rules") or ():
            for ref in rule.get("backendRefs") or ():
                if ref.get("kind", "Service") == "Service":
                    yield ref.get("namespace") or namespace, ref.get("name", "")

    def _condition(self, obj: Json, kind: str, reason: str, message: str, *, is_true: bool) -> Json:
        return {
            "type": kind,
            "status": "True" if is_true else "False",
            "reason": reason,
            "message": message,
            "lastTransitionTime": self._now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "observedGeneration": obj["metadata"].get("generation", 0),
        }


def _timeless(value: object) -> object:
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if key != "lastTransitionTime"}
    return [_timeless(item) for item in value] if isinstance(value, list) else value
