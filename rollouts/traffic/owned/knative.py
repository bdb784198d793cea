"""Traffic of a Knative Service over its own revisions: nothing is generated.

The user's Service is both target and route. An annotation names the revision that serves; the latest one is the new
version. What the weights are stands in the Service's status, as Knative's controller has carried them out.
"""

from dataclasses import dataclass

from rollouts.model.objects import Json, Ref
from rollouts.model.owned import OwnedRoute, Split
from rollouts.model.patches import changed
from rollouts.model.reading import items, mapping, text
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.bodies import annotations, number, with_annotations
from rollouts.traffic.owned.objects import RESET, not_found, respec
from rollouts.traffic.owned.protocol import Owned, OwnedOptions
from rollouts.traffic.protocol import Kind, Objects, Rendered

KIND: Kind = ("serving.knative.dev/v1", "Service")
KNATIVE = "Knative Service"


@dataclass(frozen=True, slots=True)
class Knative:
    """The provider."""

    name: str = "knative"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Knative's Services."""
        return (KIND,)

    def touches(self, route: OwnedRoute) -> tuple[Ref, ...]:
        """The user's Service."""
        return (_ref(route),)

    def tend(self, route: OwnedRoute, objects: Objects) -> Rendered:
        """The revision that serves is marked, once; and pinned, so that a new one gets nothing before its turn.

        To the letter it is not pinned before the first weight, and a new revision gets everything until then.
        """
        ref = _ref(route)
        live = objects[ref]
        if live is None:
            return Rendered(error=_missing(ref, KNATIVE))
        marked, serves = live, _serving(route, live)
        if not serves:
            serves = text(mapping(live.get("status")).get("latestCreatedRevisionName"))
            if not serves:
                return Rendered(error=f"{KNATIVE} {ref.name}.{ref.namespace} has no revision yet")
            marked = with_annotations(live, {**annotations(live), route.serving_mark: serves})
        if not route.is_literal and not items(mapping(live.get("spec")).get("traffic")):
            marked = {**marked, "spec": {**mapping(marked.get("spec")), "traffic": _traffic(serves, RESET)}}
        return Rendered(changed(ref, live, marked))

    def shift(self, route: OwnedRoute, objects: Objects, split: Split) -> Rendered:
        """The parts of the latest revision and of the one that serves."""
        ref = _ref(route)
        live = objects[ref]
        if live is None:
            return Rendered(error=_missing(ref, KNATIVE))
        serves = _serving(route, live)
        if not serves:
            return Rendered(error=_unmarked(ref, KNATIVE))
        spec, wanted = mapping(live.get("spec")), _traffic(serves, split)
        if _told(spec.get("traffic")) == _told(wanted):
            return Rendered()
        return Rendered(respec(ref, live, {**spec, "traffic": wanted}))

    def read(self, route: OwnedRoute, objects: Objects) -> Weights | Unknown:
        """What Knative has made of it, by the name of the revision."""
        ref = _ref(route)
        live = objects[ref]
        if live is None:
            return Unknown(_missing(ref, "service"))
        serves = _serving(route, live)
        if not serves:
            return Unknown(_unmarked(ref, "service"))
        return _carried(ref, list(map(mapping, items(mapping(live.get("status")).get("traffic")))), serves)

    def give_back(self, route: OwnedRoute, objects: Objects) -> Rendered:
        """The mark goes; the revisions keep what they have."""
        ref = _ref(route)
        live = objects[ref]
        if live is None:
            return Rendered(error=_missing(ref, KNATIVE))
        marks = {key: value for key, value in annotations(live).items() if key != route.serving_mark}
        return Rendered(changed(ref, live, with_annotations(live, marks)))


def _ref(route: OwnedRoute) -> Ref:
    return Ref(*KIND, route.namespace, route.target)


def _missing(ref: Ref, word: str) -> str:
    return f"{word} {ref.name}.{ref.namespace} get query error: {not_found('services.serving.knative.dev', ref.name)}"


def _unmarked(ref: Ref, word: str) -> str:
    return f"{word} {ref.name}.{ref.namespace} annotation not found"


def _serving(route: OwnedRoute, live: Json) -> str:
    return text(annotations(live).get(route.serving_mark))


def _traffic(serves: str, split: Split) -> list[Json]:
    return [{"latestRevision": True, "percent": split.canary}, {"revisionName": serves, "percent": split.stable}]


def _told(traffic: object) -> list[tuple[bool, str, int | None]]:
    """What targets say, whether or not Knative has filled in what they leave out."""
    listed = map(mapping, items(traffic))
    return [
        (to.get("latestRevision") is True, text(to.get("revisionName")), number(to.get("percent"))) for to in listed
    ]


def _carried(ref: Ref, targets: list[Json], serves: str) -> Weights | Unknown:
    """The parts of the two targets; the latest revision may be the one that serves."""
    latest = next((target for target in targets if target.get("latestRevision") is True), None)
    named = [target for target in targets if target.get("revisionName") == serves]
    stable = next((target for target in named if target is not latest), next(iter(named), None))
    if latest is None or stable is None:
        return Unknown(f"{KNATIVE} {ref.name}.{ref.namespace} traffic spec invalid")
    parts = {"primary": number(stable.get("percent")), "canary": number(latest.get("percent"))}
    unsaid = next((which for which, part in parts.items() if part is None), None)
    if unsaid:
        return Unknown(f"{KNATIVE} {ref.name}.{ref.namespace} {unsaid} revision traffic percent does not exist")
    return Weights(parts["canary"] or 0, parts["primary"] or 0)


def provider(_options: OwnedOptions) -> Owned:
    """The provider; no flag says anything about it."""
    return Knative()
