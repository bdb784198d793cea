"""Kubernetes bodies: read with tolerance, compared, owned. Called by the providers; pure.

What has the wrong type counts as absent: a route that somebody else wrote must not stop a round.
"""

from collections.abc import Iterable
from typing import Any

from rollouts.model.objects import Json, owner_reference
from rollouts.model.reading import items, mapping
from rollouts.model.rollout import Rollout
from rollouts.model.weights import Unknown, Weights

ARGO = "argoproj.io/v1alpha1"
"""The API version of those who own what the providers create."""


def number(value: Any) -> int | None:
    """The whole number, also where it is written as a string; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None


def names(*values: Any) -> tuple[str, ...]:
    """The strings among these values and among the items of their lists, each once, none empty."""
    listed = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return tuple(dict.fromkeys(one for one in listed if isinstance(one, str) and one))


def annotations(obj: Json) -> Json:
    """An object's annotations."""
    return mapping(mapping(obj.get("metadata")).get("annotations"))


def with_annotations(obj: Json, wanted: Json) -> Json:
    """The object with just these annotations; no empty map is left of them."""
    meta = {key: value for key, value in mapping(obj.get("metadata")).items() if key != "annotations"}
    return {**obj, "metadata": meta | ({"annotations": wanted} if wanted else {})}


def owner_of(rollout: Rollout) -> Json:
    """The reference by which an object goes when its rollout goes."""
    return owner_reference(ARGO, rollout.kind, rollout.name, rollout.uid)


def own_metadata(rollout: Rollout, name: str) -> Json:
    """The metadata of an object that is the rollout's own."""
    return {"name": name, "namespace": rollout.namespace, "ownerReferences": [owner_of(rollout)]}


def is_owned(obj: Json, rollout: Rollout) -> bool:
    """Whether the rollout controls an object."""
    references = map(mapping, items(mapping(obj.get("metadata")).get("ownerReferences")))
    return any(one.get("controller") is True and one.get("uid") == rollout.uid for one in references)


def agreed(seen: Iterable[Weights | Unknown], nothing: str) -> Weights | Unknown:
    """What several routes say in one voice; `nothing` is the reason where there is none."""
    found = list(seen)
    unknown = next((one for one in found if isinstance(one, Unknown)), None)
    if unknown is not None or not found:
        return unknown or Unknown(nothing)
    return found[0] if all(one == found[0] for one in found) else Unknown("the routes do not agree on the weights")
