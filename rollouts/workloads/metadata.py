"""Labels and annotations that follow a version's role, in its template and on its pods. Read by observe, rendered here.

What was put in stands in an annotation of the ReplicaSet, in Argo's form, so that it can be taken out again. While the
pods are being changed a second annotation tells what they are changed to: whoever finds it goes on from there, so a
controller that is killed in between leaves no pod behind. Argo has no such note, and does not mind it.
"""

import json
from collections.abc import Mapping
from typing import Any

from rollouts.hashing import gojson
from rollouts.model.effects import CreateVersion, MarkVersion
from rollouts.model.objects import Json
from rollouts.model.reading import mapping
from rollouts.model.strategy import PodMetadata

RECORD = "rollout.argoproj.io/ephemeral-metadata"
PENDING = "sluice.dev/pending-metadata"


def recorded(annotations: Mapping[str, Any], key: str = RECORD) -> PodMetadata | None:
    """What the annotation says was put in; None without one. What cannot be read counts as nothing."""
    text = annotations.get(key)
    if not isinstance(text, str):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    value = value if isinstance(value, dict) else {}
    return PodMetadata(_strings(value.get("labels")), _strings(value.get("annotations")))


def record(metadata: PodMetadata) -> str | None:
    """The annotation's text, as Go writes it; None for nothing."""
    value = {"labels": dict(metadata.labels), "annotations": dict(metadata.annotations)}
    parts = [f"{gojson.text(name)}:{gojson.anything(part)}" for name, part in value.items() if part]
    return "{" + ",".join(parts) + "}" if parts else None


def create(effect: CreateVersion, template: Json, annotations: Json) -> None:
    """Put a new version's metadata into its template, and the record into its annotations, in place."""
    text = record(effect.metadata)
    if text is None:
        return
    meta = template["metadata"]
    for field, wanted in (("labels", effect.metadata.labels), ("annotations", effect.metadata.annotations)):
        if wanted:
            meta[field] = {**mapping(meta.get(field)), **wanted}
    annotations[RECORD] = text


def mark(effect: MarkVersion) -> Json:
    """The merge patch of a ReplicaSet: its template, and the note of what was done."""
    if effect.is_pending:
        notes: Json = {PENDING: record(effect.metadata) or "{}"}
    else:
        notes = {RECORD: record(effect.metadata), PENDING: None}
    body: Json = {"metadata": {"annotations": notes}}
    marks = changes(effect.metadata, effect.former)
    if marks:
        body["spec"] = {"template": {"metadata": marks}}
    return body


def changes(wanted: PodMetadata, former: PodMetadata, live: Mapping[str, Any] | None = None) -> Json:
    """The merge patch of metadata: former keys go, wanted ones come. With `live` (as it is): only what differs."""
    marks: Json = {}
    for field in ("labels", "annotations"):
        patch: Json = dict.fromkeys(getattr(former, field)) | dict(getattr(wanted, field))
        if live is not None:
            held = mapping(live.get(field))
            patch = {key: value for key, value in patch.items() if held.get(key) != value}
        if patch:
            marks[field] = patch
    return marks


def bare(template: Json, wanted: Json, annotations: Mapping[str, Any]) -> Json:
    """A live template without the keys that only a role gave it; those that `wanted` has itself stay as they are."""
    notes = [note for note in (recorded(annotations), recorded(annotations, PENDING)) if note is not None]
    if not notes:
        return template
    meta, own = dict(mapping(template.get("metadata"))), mapping(wanted.get("metadata"))
    for field in ("labels", "annotations"):
        given = {key for note in notes for key in getattr(note, field)} - mapping(own.get(field)).keys()
        left = {key: value for key, value in mapping(meta.pop(field, None)).items() if key not in given}
        if left or field in own:
            meta[field] = left
    return {**template, "metadata": meta}


def _strings(value: Any) -> dict[str, str]:
    return {key: item for key, item in mapping(value).items() if isinstance(item, str)}
