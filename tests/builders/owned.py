"""Generated routes by name: a route of rollout web in namespace shop, what users have beside it, what becomes of both.

For tests of rollouts/traffic/owned. Changes are carried out as the store of the simulator would.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from rollouts.model.objects import Change, Create, Json, Modify, Ref, Remove, owner_reference, ref_of
from rollouts.model.owned import OwnedRoute, Split
from rollouts.simulator.store.patches import merged
from rollouts.traffic.owned.protocol import Owned
from rollouts.traffic.protocol import Rendered

MARK = "example.test/serving"


def a_route(provider: str = "nginx", **fields: Any) -> OwnedRoute:
    """A route for everybody's Service `web` on port 80; labels tell the pods `web` and `web-stable`."""
    plain = OwnedRoute(
        provider=provider,
        namespace="shop",
        name="web",
        target="web",
        service="web",
        stable_service="web-stable",
        canary_service="web-canary",
        owner=owner_reference("example.test/v1", "Owner", "web", "uid"),
        port=80,
        selector={"app": "web"},
        stable_selector={"app": "web-stable"},
        serving_mark=MARK,
    )
    return replace(plain, **fields)


def beside(kind: tuple[str, str], name: str = "front") -> Ref:
    """A user's object that the manifest names."""
    return Ref(*kind, "shop", name)


def an_ingress(*services: str, **annotations: str) -> Json:
    """A user's Ingress with a path for each Service."""
    paths = [
        {"path": f"/{name}", "pathType": "Prefix", "backend": {"service": {"name": name, "port": {"number": 80}}}}
        for name in services or ("web",)
    ]
    meta = {"name": "front", "namespace": "shop", "annotations": annotations, "labels": {"team": "a"}}
    spec = {"ingressClassName": "public", "rules": [{"host": "a.test", "http": {"paths": paths}}]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta, "spec": spec}


class Field:
    """The objects that a provider works on, one operation after another."""

    def __init__(self, provider: Owned, route: OwnedRoute, *objects: Json) -> None:
        """Users' objects are there from the start."""
        self.provider, self.route = provider, route
        self.objects: dict[Ref, Json] = {ref_of(obj): deepcopy(obj) for obj in objects}

    def seen(self) -> Mapping[Ref, Json | None]:
        """What the provider gets to see."""
        return {ref: self.objects.get(ref) for ref in self.provider.touches(self.route)}

    def tend(self) -> Rendered:
        """Repair, and what was done for it."""
        return self._done(self.provider.tend(self.route, self.seen()))

    def shift(self, canary: int, *, is_mirrored: bool = False) -> Rendered:
        """Give the new version so much."""
        return self.share(Split(100 - canary, canary, is_mirrored))

    def share(self, split: Split) -> Rendered:
        """Give each version its part, with cookies."""
        return self._done(self.provider.shift(self.route, self.seen(), split))

    def give_back(self) -> Rendered:
        """Bring the users' own routing back."""
        return self._done(self.provider.give_back(self.route, self.seen()))

    def read(self) -> Any:
        """What the objects say."""
        return self.provider.read(self.route, self.seen())

    def the(self, kind: str, name: str) -> Json:
        """An object that has to be there."""
        return next(obj for ref, obj in self.objects.items() if (ref.kind, ref.name) == (kind, name))

    def _done(self, rendered: Rendered) -> Rendered:
        for change in rendered.changes:
            self._carry_out(change)
        return rendered

    def _carry_out(self, change: Change) -> None:
        match change:
            case Create(ref, body):
                assert ref not in self.objects
                self.objects[ref] = deepcopy(body)
            case Modify(ref, body):
                self.objects[ref] = merged(self.objects[ref], body)
            case Remove(ref):
                del self.objects[ref]
