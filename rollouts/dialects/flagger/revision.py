"""What a target is at this moment, as one hash: its template and the configuration that it is started with.

Called by whoever observes Canaries. Flagger hashes Go's view of the template, which nobody outside Go can repeat and
which moves with Kubernetes' own types; ours is of canonical JSON and bears a mark, so that the two are never compared.
"""

import hashlib
import json
from collections.abc import Iterable

from rollouts.dialects.flagger.reading import mapping
from rollouts.hashing import template_hash
from rollouts.model.objects import Json

MARK = "sluice-"


def revision_of(target: Json, configs: Iterable[Json] = ()) -> str:
    """The hash of a Deployment's template and of the ConfigMaps and Secrets that it uses; replicas do not count."""
    template = template_hash(mapping(target.get("spec")).get("template"), None)
    tracked = sorted((config["kind"], config["metadata"]["name"], _digest(config)) for config in configs)
    if not tracked:
        return f"{MARK}{template}"
    return f"{MARK}{template}-{hashlib.sha256(json.dumps(tracked).encode()).hexdigest()[:10]}"


def is_ours(revision: str) -> bool:
    """Whether a recorded hash is one of ours."""
    return revision.startswith(MARK)


def _digest(config: Json) -> str:
    """Text and bytes both count: a changed keystore is a change."""
    data = [config.get("data") or {}, config.get("binaryData") or {}]
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
