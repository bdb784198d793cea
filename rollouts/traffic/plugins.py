"""Routers that users add to the controller: programs and Python packages, told what to bring about (docs/plugins.md).

What they write to is their own business, so nobody reads it back: what counts as written is what a plugin has taken.
That is remembered here and nowhere else; a controller that has just started tells every plugin anew what it wants.
"""

from dataclasses import dataclass, field

from analysis.requests import Program
from rollouts.model.faults import Faults
from rollouts.model.objects import Json, Ref
from rollouts.model.questions import Verified
from rollouts.model.reading import mapping, text
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import (
    Canary,
    HeaderMatch,
    ManagedRoute,
    Router,
    SetHeaderRoute,
    SetMirrorRoute,
    StringMatch,
)
from rollouts.model.weights import Share, Shares, Unknown, Weights
from rollouts.traffic.protocol import Call, Desired, Flow, Kind, Objects, Rendered, Silent

APPLY, VERIFY, CLEAN = "apply", "verify", "clean"


@dataclass(frozen=True, slots=True)
class Plugin(Silent):
    """The provider of one plugin. `told` is what each rollout has brought about with it, as far as we were there."""

    name: str
    kinds: tuple[Kind, ...] = ()
    told: dict[tuple[str, str], Call] = field(default_factory=dict, compare=False)

    def touches(self, _rollout: Rollout, _router: Router) -> tuple[Ref, ...]:
        """Nothing that we would know of."""
        return ()

    def faults(self, _rollout: Rollout, _router: Router, _objects: Objects) -> Faults:
        """What is wrong with its settings a plugin says when it is told to use them."""
        return ()

    def read(self, rollout: Rollout, router: Router, _objects: Objects) -> Weights | Unknown:
        """What the plugin has taken last, if it was for these settings."""
        call = self.told.get(_who(rollout, router))
        if call is None or call.request.params["config"] != dict(router.settings):
            return Unknown(f"plugin {self.name} has not been told yet")
        return call.weights

    def render(self, rollout: Rollout, router: Router, _objects: Objects, desired: Desired) -> Rendered:
        """One call with all that is wanted; none where the plugin has taken just that."""
        call, taken = self._call(APPLY, rollout, router, desired), self.told.get(_who(rollout, router))
        return Rendered() if taken == call else Rendered(calls=(call,))

    def clean(self, rollout: Rollout, router: Router, _objects: Objects) -> Rendered:
        """All traffic to stable; then the plugin may put away what it has for this rollout."""
        services, total = rollout.services, rollout.strategy.max_weight if isinstance(rollout.strategy, Canary) else 100
        none = Desired(Shares(Share(0, services.canary), Share(total, services.stable), total=total))
        return Rendered(calls=tuple(self._call(method, rollout, router, none) for method in (APPLY, CLEAN)))

    def keep(self, desired_object: Json, _live: Json, _rollout: Rollout, _router: Router) -> Json:
        """Nothing that Git holds is known to be the plugin's."""
        return desired_object

    def asks(self, _rollout: Rollout, _router: Router, _objects: Objects) -> bool:
        """A plugin may be able to tell."""
        return True

    def verify(self, rollout: Rollout, router: Router, _objects: Objects, shares: Shares) -> Flow:
        """What the plugin says; one that has no such method is believed to have done what it was told."""
        params = _params(self.name, rollout, router, Desired(shares))
        reply = yield Program(self.name, VERIFY, params, is_optional=True)
        if reply is None:
            return Verified(True)
        verified = mapping(reply).get("verified")
        if not isinstance(verified, bool):
            return Verified(False, f"plugin {self.name}: the reply of verify must have `verified`, true or false")
        return Verified(verified, text(mapping(reply).get("message")))

    def took(self, call: Call) -> None:
        """The plugin has taken what it was told."""
        if call.request.method == APPLY:
            self.told[call.who] = call
        else:
            self.told.pop(call.who, None)

    def _call(self, method: str, rollout: Rollout, router: Router, desired: Desired) -> Call:
        request = Program(self.name, method, _params(self.name, rollout, router, desired), is_optional=method == CLEAN)
        return Call(request, _who(rollout, router), _weights(desired), self.took)


def _who(rollout: Rollout, router: Router) -> tuple[str, str]:
    return rollout.uid, router.path


def _weights(desired: Desired) -> Weights:
    shares = desired.shares
    managed = tuple(route.name for route in desired.managed)
    return Weights(shares.canary.weight, shares.stable.weight, shares.total, managed)


def _params(name: str, rollout: Rollout, router: Router, desired: Desired) -> Json:
    """What a plugin is told: the whole of it with each call, so that it needs no memory."""
    shares = desired.shares
    return {
        "name": name,
        "config": dict(router.settings),
        "rollout": {"namespace": rollout.namespace, "name": rollout.name, "uid": rollout.uid},
        "canary": _share(shares.canary),
        "stable": _share(shares.stable),
        "experiments": [_share(share) for share in shares.extra],
        "totalWeight": shares.total,
        "managedRoutes": [_managed(route) for route in desired.managed],
    }


def _share(share: Share) -> Json:
    return {"service": share.service, "weight": share.weight, "podTemplateHash": share.hash}


def _managed(route: ManagedRoute) -> Json:
    """As the step that asked for it has it."""
    match route:
        case SetHeaderRoute(name, match):
            headers = [{"headerName": one.name, "headerValue": _matched(one.value)} for one in match]
            return {"setHeaderRoute": {"name": name, "match": headers}}
        case SetMirrorRoute(name, match, percentage):
            requests = [
                {"method": _matched(one.method), "path": _matched(one.path), "headers": _headers(one.headers)}
                for one in match
            ]
            plain = [{key: value for key, value in request.items() if value} for request in requests]
            return {"setMirrorRoute": {"name": name, "match": plain, "percentage": percentage}}


def _headers(headers: tuple[HeaderMatch, ...]) -> Json:
    return {header.name: _matched(header.value) for header in headers}


def _matched(match: StringMatch | None) -> Json:
    found = {} if match is None else {"exact": match.exact, "prefix": match.prefix, "regex": match.regex}
    return {key: value for key, value in found.items() if value is not None}
