"""A Service that a user has made, taken over for a while and given back. Called by services_owned.

What it was stands in an annotation, so that whoever applied it (kubectl, Helm, a sync loop) finds it as it was. The
ancestor remembers nothing, and reads what kubectl wrote down.
"""

import json
from typing import Any

from rollouts.model.copying import Copying
from rollouts.model.keys import UNTENDED
from rollouts.model.objects import Json
from rollouts.model.reading import mapping, text
from rollouts.workloads.marks import LAST_APPLIED

FORMER = "sluice.dev/former-service"
_LENT = ("selector", "ports")


def taken(copying: Copying, live: Json, selector: Json) -> Json:
    """The annotations of the Service while it is ours; `selector` is what it gets."""
    held, spec = _annotations(live), mapping(live.get("spec"))
    after = {**held, **UNTENDED}
    if copying.is_literal or FORMER in held or spec.get("selector") == selector:
        return after
    former = {"untended": sorted(key for key in UNTENDED if key in held), **{k: spec[k] for k in _LENT if k in spec}}
    return {**after, FORMER: json.dumps(former, sort_keys=True)}


def given_back(copying: Copying, live: Json, selector: Json) -> Json:
    """The Service as its user had it; `selector` is for where nobody knows any more."""
    held, former = _annotations(live), _read(live, FORMER)
    if copying.is_literal or not former:
        written = mapping(mapping(_read(live, LAST_APPLIED).get("spec")).get("selector"))
        return {**live, "spec": {**live["spec"], "selector": written or selector}}
    left = {key: value for key, value in held.items() if key != FORMER and _is_users(key, former)}
    rest = {key: value for key, value in live["spec"].items() if key not in _LENT}
    lent = {key: former[key] for key in _LENT if key in former}
    return {**live, "metadata": {**live["metadata"], "annotations": left}, "spec": rest | lent}


def _is_users(key: str, former: Json) -> bool:
    return key not in UNTENDED or key in former.get("untended", ())


def _annotations(live: Json) -> dict[str, Any]:
    return mapping(mapping(live.get("metadata")).get("annotations"))


def _read(live: Json, key: str) -> Json:
    """What an annotation says, nothing where it cannot be read."""
    try:
        return mapping(json.loads(text(_annotations(live).get(key))))
    except ValueError:
        return {}
