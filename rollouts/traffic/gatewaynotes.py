"""What rollouts in progress leave on a route besides weights: a label, who is active, and a note for the way back.

Called by gatewayapi. The label and the list of active rollouts are those of Argo's plugin. The note is ours: it says,
by rollout, which Services are its two and what it has put into the route, so that experiments' backends are told from
those of others, and so that all of it can be taken back after the rollout itself is gone.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, text
from rollouts.traffic.gatewaysettings import ACTIVE_ANNOTATION, Marks

NOTES = "sluice.dev/gatewayapi-rollouts"


@dataclass(frozen=True, slots=True)
class Note:
    """What one rollout has to do with a route. Nothing is noted once nothing is left of it but its two Services."""

    canary: str
    stable: str
    total: int = 100
    managed: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    label: str = ""
    active: str = ""


def notes_of(route: Json | None) -> dict[str, Note]:
    """The notes on a route by `namespace/name` of the rollout; what cannot be read was not written by us."""
    written = mapping(mapping(mapping(route).get("metadata")).get("annotations")).get(NOTES)
    try:
        found = json.loads(written) if isinstance(written, str) else {}
    except ValueError:
        found = {}
    return {who: _read(mapping(note)) for who, note in mapping(found).items()}


def active_on(route: Json) -> tuple[str, ...]:
    """The rollouts that the list of Argo's plugin names."""
    written = text(mapping(mapping(route.get("metadata")).get("annotations")).get(ACTIVE_ANNOTATION))
    return tuple(who for who in written.split(",") if who)


def is_labelled(route: Json, label: str) -> bool:
    """Whether a route has this label, whatever its value: another rollout on it may want another one."""
    return label in mapping(mapping(route.get("metadata")).get("labels"))


def metadata_patch(route: Json, who: str, note: Note | None, marks: Marks, *, is_active: bool) -> Json:
    """What to change in the route's metadata so that it tells of this rollout as it is now; {} for nothing."""
    meta = mapping(route.get("metadata"))
    labels, annotations = mapping(meta.get("labels")), mapping(meta.get("annotations"))
    notes = {key: value for key, value in notes_of(route).items() if key != who} | ({who: note} if note else {})
    wanted: dict[str, dict[str, str | None]] = {"annotations": {NOTES: _written(notes)}, "labels": {}}
    if marks.label:
        active = [each for each in text(annotations.get(marks.active)).split(",") if each and each != who]
        active += [who] if is_active else []
        wanted["annotations"][marks.active] = ",".join(active) or None
        wanted["labels"][marks.label] = marks.value if active else None
    found = {"annotations": annotations, "labels": labels}
    patch = {
        name: {key: value for key, value in entries.items() if found[name].get(key) != value}
        for name, entries in wanted.items()
    }
    return {name: entries for name, entries in patch.items() if entries}


def kept_metadata(desired: Json, live: Json, marks: Marks) -> Json:
    """Git's metadata with the live marks and notes in it."""
    meta, lived = mapping(desired.get("metadata")), mapping(live.get("metadata"))
    kept: dict[str, Any] = {}
    for name, keys in (("labels", (marks.label,)), ("annotations", (marks.active, NOTES))):
        own, held = mapping(meta.get(name)), mapping(lived.get(name))
        merged = {key: value for key, value in own.items() if key not in keys}
        merged |= {key: held[key] for key in keys if key and key in held}
        if merged or name in meta:
            kept[name] = merged
    return {**meta, **kept}


def _read(note: Mapping[str, Any]) -> Note:
    total = note.get("total")
    return Note(
        text(note.get("canary")),
        text(note.get("stable")),
        total if isinstance(total, int) else 100,
        _texts(note.get("managed")),
        _texts(note.get("experiments")),
        text(note.get("label")),
        text(note.get("active")),
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(each for each in items(value) if isinstance(each, str))


def _written(notes: Mapping[str, Note]) -> str | None:
    if not notes:
        return None
    told = {who: {key: value for key, value in asdict(note).items() if value} for who, note in sorted(notes.items())}
    return json.dumps(told, separators=(",", ":"))
