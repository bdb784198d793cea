"""Where our Istio is better than upstream's on purpose: rules for the category traffic_istio. Called by traffic."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from tests.golden.category import Json, Rule

Output = Callable[[Json, Json], Json]
_UPDATES = {"Updated VirtualService", "UpdatedDestinationRule"}


def rules(replay: Callable[[Json], Json], refused: Output) -> tuple[Rule, ...]:
    """The rules; `replay` gives our answer to an input, `refused` takes upstream's crashes out of an output."""

    def ours(is_mended: Callable[[Json, Json, Json], bool]) -> Output:
        def mended(given: Json, output: Json) -> Json:
            pairs = zip(refused(given, output)["steps"], replay(given)["steps"], strict=True)
            return {"steps": [mine if is_mended(given, theirs, mine) else theirs for theirs, mine in pairs]}

        return mended

    return (
        Rule(
            "additional-subsets-are-kept",
            "upstream drops the subsets that additionalSubsetNames says are somebody else's",
            lambda given, output: bool(_others(given)) and any(map(_points, output["steps"])),
            ours(_differs_by_others),
        ),
        Rule(
            "only-route-stays-the-only-one",
            "upstream weighs a VirtualService's only route without naming it, until a managed route stands beside it",
            lambda given, _: any(_is_alone(given, service) for service in _services(given)) and _manages(given),
            ours(_differs_by_lone_routes),
        ),
        Rule(
            "nothing-changed-nothing-told",
            "upstream writes an object again that is as it should be, and tells of an update",
            lambda given, output: any(map(_tells_of_nothing, given["operations"], output["steps"])),
            ours(lambda _, theirs, mine: not theirs["changed"] and mine == {**_bare(theirs), "events": []}),
        ),
    )


def _istio(given: Json) -> Json:
    found: Json = given["rollout"]["spec"]["strategy"]["canary"]["trafficRouting"]["istio"]
    return found


def _others(given: Json) -> list[str]:
    return list(_istio(given).get("destinationRule", {}).get("additionalSubsetNames", []))


def _points(step: Json) -> bool:
    return step["op"] == "updateHash" and bool(step["changed"])


def _differs_by_others(given: Json, theirs: Json, mine: Json) -> bool:
    """The same but for subsets that are somebody else's; what changes nothing else, ours does not write."""
    if not _points(theirs):
        return False
    stripped = {title: _without(obj, _others(given)) for title, obj in mine["changed"].items()}
    wanted = {title: _without(obj, _others(given)) for title, obj in theirs["changed"].items()}
    return mine["error"] == theirs["error"] and (stripped == wanted or not mine["changed"])


def _without(obj: Json, names: list[str]) -> Json:
    """Without subsets of these names, and without the kind, which is shown on one side only."""
    found = {key: deepcopy(value) for key, value in obj.items() if key not in ("apiVersion", "kind")}
    found["spec"]["subsets"] = [subset for subset in found["spec"]["subsets"] if subset["name"] not in names]
    return found


def _services(given: Json) -> list[Json]:
    istio = _istio(given)
    return list(istio.get("virtualServices") or [istio["virtualService"]])


def _is_alone(given: Json, service: Json) -> bool:
    """Whether the settings name no route of a VirtualService that has but one, which has a name."""
    name = service["name"].partition(".")[0]
    objects = (obj for obj in given["objects"] if (obj["kind"], obj["metadata"]["name"]) == ("VirtualService", name))
    routes: list[Any] = next((obj["spec"].get("http", []) for obj in objects), [])
    return not service.get("routes") and len(routes) == 1 and "name" in routes[0]


def _manages(given: Json) -> bool:
    return any(operation["op"] in ("setHeaderRoute", "setMirrorRoute") for operation in given["operations"])


def _differs_by_lone_routes(given: Json, theirs: Json, mine: Json) -> bool:
    alone = {service["name"].partition(".")[0] for service in _services(given) if _is_alone(given, service)}
    more = {title.rpartition("/")[2] for title in mine["changed"].keys() - theirs["changed"].keys()}
    return theirs["op"] == "setWeight" and bool(more) and more <= alone and mine["error"] == theirs["error"]


def _tells_of_nothing(operation: Json, step: Json) -> bool:
    """An update is told of though nothing changed; that a route is taken away is told wherever it was."""
    reasons = {event["reason"] for event in step["events"]}
    takes_away = step["op"] != "updateHash" and "match" not in operation.get(step["op"], {})
    return not step["changed"] and not takes_away and bool(reasons) and reasons <= _UPDATES


def _bare(step: Json) -> Json:
    return {key: value for key, value in step.items() if key != "writes"}
