"""From what a writer sends to what is stored: the checks and the upkeep that every write goes through. Pure.

Called by the core for creates, replaces and patches of all types. A write through a subresource changes only what that
subresource holds.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from rollouts.cluster.port import Json
from rollouts.simulator.store import refusals, rules
from rollouts.simulator.store.kinds import Generation, Kind
from rollouts.simulator.store.managers import Owner, Writer, after_update, entries_of, owners_of
from rollouts.simulator.store.meta import (
    SYSTEM_FIELDS,
    name_of,
    namespace_of,
    timestamp,
    version_of,
    with_meta,
    without_system_fields,
)
from rollouts.simulator.store.names import faults_of_metadata, new_finalizers
from rollouts.simulator.store.scale import count_faults

_LEFT_OUT_WHEN_EMPTY = ("labels", "annotations", "finalizers", "ownerReferences")


@dataclass(frozen=True, slots=True)
class Birth:
    """What the server gives a new object."""

    uid: str
    name: str
    namespace: str | None
    now: datetime


def created(kind: Kind, body: Json, birth: Birth, writer: Writer, owners: tuple[Owner, ...] | None = None) -> Json:
    """A new object, ready to be stored. `owners`: who owns what, None to give all to the writer."""
    bare = without_system_fields(body)
    obj = with_meta(
        {"apiVersion": kind.resource.api_version, "kind": kind.resource.kind, **bare},
        name=birth.name or None,
        namespace=birth.namespace,
        uid=birth.uid,
        resourceVersion=None,
        managedFields=None,
        creationTimestamp=timestamp(birth.now),
        generation=None if kind.generation is Generation.NEVER else 1,
    )
    if kind.is_custom:
        obj = {name: value for name, value in obj.items() if name != "status" or not kind.has_status}
    elif kind.has_status:
        obj = rules.first_state(obj, kind.resource.kind)
    obj = _in_form(kind, obj, {})
    _check(kind, obj, None)
    owners = after_update((), {}, obj, writer, kind.shape) if owners is None else owners
    return _with_owners(obj, owners)


def updated(kind: Kind, old: Json, body: Json, writer: Writer, owners: tuple[Owner, ...] | None = None) -> Json:
    """The object after a write, ready to be stored; `old` itself when nothing changes."""
    _check_identity(kind, old, body)
    new = rules.carried(old, _confined(kind, old, body, writer.subresource), kind.resource.kind)
    new = with_meta(new, **{name: old["metadata"].get(name) for name in (*SYSTEM_FIELDS, "name", "namespace")})
    new = _in_form(kind, {**new, "apiVersion": kind.resource.api_version, "kind": kind.resource.kind}, old)
    _check(kind, new, old)
    if _is_new_generation(kind, old, new):
        new = with_meta(new, generation=old["metadata"].get("generation", 0) + 1)
    if owners is None:
        base = owners_of(body) if _sets_owners(old, body) else owners_of(old)
        owners = after_update(base, old, new, writer, kind.shape) if base else ()  # nobody owned: nobody will
    new = _with_owners(with_meta(new, resourceVersion=version_of(old)), owners)
    return old if new == {**old, "apiVersion": kind.resource.api_version} else new


def deletion_marked(old: Json, finalizers: list[str], now: datetime, grace: timedelta = timedelta()) -> Json:
    """The object as its deletion waits for finalizers or the end of its grace, which a second one can only shorten."""
    seconds = round(grace.total_seconds())
    if "deletionTimestamp" in old["metadata"]:
        if seconds >= (old["metadata"].get("deletionGracePeriodSeconds") or 0):
            return with_meta(old, finalizers=finalizers or None)
        earlier = {"deletionTimestamp": timestamp(now + grace), "deletionGracePeriodSeconds": seconds}
        return with_meta(old, finalizers=finalizers or None, **earlier)
    generation = old["metadata"].get("generation")
    return with_meta(
        old,
        finalizers=finalizers or None,
        deletionTimestamp=timestamp(now + grace),
        deletionGracePeriodSeconds=seconds,
        generation=generation + 1 if generation else None,
    )


def check_version(kind: Kind, old: Json, wanted: str) -> None:
    """Raise ConflictError unless the write was based on the present state, or on none in particular."""
    if wanted and wanted != version_of(old):
        why = "the object has been modified; please apply your changes to the latest version and try again"
        raise refusals.conflict(kind.resource, name_of(old), why)


def check_preconditions(kind: Kind, old: Json, uid: str, version: str) -> None:
    """Raise ConflictError unless the object has this uid and version ("" is any)."""
    for name, wanted, actual in (("UID", uid, old["metadata"]["uid"]), ("ResourceVersion", version, version_of(old))):
        if wanted and wanted != actual:
            why = f"Precondition failed: {name} in precondition: {wanted}, {name} in object meta: {actual}"
            raise refusals.conflict(kind.resource, name_of(old), why)


def _check_identity(kind: Kind, old: Json, body: Json) -> None:
    meta = body.get("metadata") or {}
    name, namespace = meta.get("name", name_of(old)), meta.get("namespace", namespace_of(old))
    if name != name_of(old):
        told = f"the name of the object ({name}) does not match the name on the URL ({name_of(old)})"
        raise refusals.bad_request(told)
    if namespace != namespace_of(old):
        raise refusals.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if meta.get("uid") not in (None, "", old["metadata"]["uid"]):
        fault = refusals.invalid_value("metadata.uid", f'"{meta["uid"]}"', "field is immutable")
        raise refusals.invalid(kind.resource, name_of(old), [fault])


def _confined(kind: Kind, old: Json, body: Json, subresource: str) -> Json:
    """The part of the body that may be written this way, the rest as it was."""
    if subresource == "status":
        kept = {name: value for name, value in old.items() if name != "status"}
        return {**kept, "status": body["status"]} if "status" in body else kept
    if not kind.has_status:
        return body
    kept = {name: value for name, value in body.items() if name != "status"}
    return {**kept, "status": old["status"]} if "status" in old else kept


def _in_form(kind: Kind, obj: Json, old: Json) -> Json:
    obj = with_meta(obj, **{name: obj["metadata"].get(name) or None for name in _LEFT_OUT_WHEN_EMPTY})
    if kind.structure:
        return kind.structure.fitted(obj)
    return rules.with_defaults(rules.without_new_empties(obj, old), kind.resource.kind)


def _check(kind: Kind, obj: Json, old: Json | None) -> None:
    causes = faults_of_metadata(obj, kind.name_rule)
    if old is not None:
        causes += new_finalizers(old, obj)
    causes += kind.structure.faults(obj, old) if kind.structure else rules.faults(obj, old, kind.resource.kind)
    causes += count_faults(kind, obj)
    if causes:
        raise refusals.invalid(kind.resource, name_of(obj), causes)


def _sets_owners(old: Json, body: Json) -> bool:
    entries = (body.get("metadata") or {}).get("managedFields")
    return entries is not None and entries != old["metadata"].get("managedFields")


def _with_owners(obj: Json, owners: tuple[Owner, ...]) -> Json:
    return with_meta(obj, managedFields=entries_of(owners) or None)


def _is_new_generation(kind: Kind, old: Json, new: Json) -> bool:
    match kind.generation:
        case Generation.NEVER:
            return False
        case Generation.SPEC:
            return bool(old.get("spec") != new.get("spec"))
        case Generation.SPEC_OR_ANNOTATIONS:
            return bool(old.get("spec") != new.get("spec")) or _differs(old, new, "annotations")
        case Generation.CONTENT:
            return _content(kind, old) != _content(kind, new)
        case Generation.CONTENT_OR_LABELS:
            return _content(kind, old) != _content(kind, new) or _differs(old, new, "labels")


def _differs(old: Json, new: Json, field: str) -> bool:
    return (old["metadata"].get(field) or {}) != (new["metadata"].get(field) or {})


def _content(kind: Kind, obj: Json) -> Json:
    apart = ("metadata", "apiVersion", "kind", *(("status",) if kind.has_status else ()))
    return {name: value for name, value in obj.items() if name not in apart}
