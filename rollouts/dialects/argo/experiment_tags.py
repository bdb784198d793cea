"""What the arguments of an Experiment's analyses may name: its versions' hashes and ReplicaSets, and its times.

Called when such an analysis is started; the tags are filled in by analysis.template.fill_tags.
"""

from collections.abc import Mapping
from typing import Any

from analysis.units import parse_duration
from rollouts.model.keys import HASH_LABEL
from rollouts.model.objects import Json
from rollouts.model.reading import mapping, moment, rfc3339, text


def experiment_tags(manifest: Mapping[str, Any], replica_sets: Mapping[str, Json]) -> dict[str, str]:
    """Each tag with its value; `replica_sets` are those that exist, by the template's name.

    A time that is not known yet has no tag. DurationError when the Experiment's duration is none.
    """
    tags: dict[str, str] = {}
    for name, replica_set in replica_sets.items():
        meta = mapping(replica_set.get("metadata"))
        tags[f"templates.{name}.podTemplateHash"] = text(mapping(meta.get("labels")).get(HASH_LABEL))
        tags[f"templates.{name}.replicaset.name"] = text(meta.get("name"))
    available = moment(mapping(manifest.get("status")).get("availableAt"))
    duration = text(mapping(manifest.get("spec")).get("duration"))
    if available is not None:
        tags["experiment.availableAt"] = rfc3339(available)
        if duration:
            tags["experiment.finishedAt"] = rfc3339(available + parse_duration(duration))
    return tags
