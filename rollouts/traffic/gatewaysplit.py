"""One rule of a Gateway API route: whose backends are whose, what they weigh, new weights. Called by gatewayapi.

Backends are found by name, never by place. Those that are neither of the rollout's two Services nor of its experiments
are foreign and stay as they are.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, text
from rollouts.model.rollout import Rollout
from rollouts.model.weights import Shares
from rollouts.traffic.bodies import number


@dataclass(frozen=True, slots=True)
class Pair:
    """The names of the two Services."""

    canary: str
    stable: str


def pair_of(rollout: Rollout) -> Pair:
    """The Services by their present roles: with ping-pong they swap."""
    return Pair(rollout.services.canary, rollout.services.stable)


def rules_of(route: Json | None) -> list[Json]:
    """The rules of a route."""
    return [rule for rule in items(mapping(mapping(route).get("spec")).get("rules")) if isinstance(rule, dict)]


def backends(rule: Json) -> dict[str, Json]:
    """The rule's Service backends by name; the first of a name counts."""
    found: dict[str, Json] = {}
    for backend in map(mapping, items(rule.get("backendRefs"))):
        if backend.get("kind", "Service") == "Service":
            found.setdefault(text(backend.get("name")), backend)
    return found


def has_both(rule: Json, pair: Pair) -> bool:
    """Whether the rule splits traffic between the two."""
    return {pair.canary, pair.stable} <= backends(rule).keys()


def weights(rule: Json, pair: Pair) -> tuple[int | None, int | None]:
    """(canary, stable) weight of a rule that has both; None for no number. Gateway API: an absent weight is 1."""
    found = backends(rule)
    return number(found[pair.canary].get("weight", 1)), number(found[pair.stable].get("weight", 1))


def ours(rules: Sequence[Json], pair: Pair, name: str) -> Iterator[Json]:
    """The rules that the rollout weighs: those with both backends, or only the one of this name."""
    return (rule for rule in rules if has_both(rule, pair) and name in ("", rule.get("name")))


def weigh(rule: Json, pair: Pair, shares: Shares, former: Sequence[str]) -> None:
    """Put a split into a rule of ours: both weights, this moment's experiments, and none of the `former` ones."""
    found = backends(rule)
    canary = found[pair.canary]
    canary["weight"], found[pair.stable]["weight"] = shares.canary.weight, shares.stable.weight
    wanted = {share.service: share.weight for share in shares.extra if share.service}
    gone = set(former) - wanted.keys()
    rule["backendRefs"] = [one for one in items(rule.get("backendRefs")) if not _is_one_of(one, gone)]
    for service, weight in wanted.items():
        if service in found:
            found[service]["weight"] = weight
        else:
            rule["backendRefs"].append({**_plain(canary), "name": service, "weight": weight})


def hold(rule: Json, live: Json, pair: Pair, experiments: Sequence[str]) -> None:
    """Put the live weights, and the live experiments, into a rule from Git."""
    found, held = backends(rule), backends(live)
    for service in (pair.canary, pair.stable):
        found[service]["weight"] = held[service].get("weight", 1)
    missing = [deepcopy(held[service]) for service in experiments if service in held and service not in found]
    rule["backendRefs"] = [*items(rule.get("backendRefs")), *missing]


def _plain(backend: Json) -> Json:
    """How to reach a backend, without what is done to its requests."""
    return {key: backend[key] for key in ("group", "kind", "namespace", "port") if key in backend}


def _is_one_of(backend: object, names: set[str]) -> bool:
    one = mapping(backend)
    return one.get("kind", "Service") == "Service" and text(one.get("name")) in names
