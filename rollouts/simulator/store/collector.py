"""Deletion and what follows from it: finalizers, dependents, namespaces, definitions. Called by the core.

On a real cluster the kube-controller-manager collects, some moments later; here it happens within the write that
causes it, so that every run sees the same order.

    delete ─→ finalizers left, or contents? ─ yes ─→ marked, waits ─→ the last goes ─┐
                    │ no                                                             │
                    └──────────────→ removed ─→ dependents: unowned or deleted ◀─────┘
"""

from collections.abc import Callable
from datetime import datetime

from rollouts.cluster.port import Json
from rollouts.simulator.store.catalog import Catalog
from rollouts.simulator.store.grace import grace_of, is_graceful
from rollouts.simulator.store.ledger import Ledger, Shelf
from rollouts.simulator.store.meta import name_of, namespace_of, with_meta
from rollouts.simulator.store.writes import deletion_marked

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
_NAMESPACES: Shelf = ("", "namespaces")
DEFINITIONS: Shelf = ("apiextensions.k8s.io", "customresourcedefinitions")


class Collector:
    """Deletes objects, and whatever they alone own."""

    def __init__(self, ledger: Ledger, catalog: Catalog, now: Callable[[], datetime]) -> None:
        self._ledger, self._catalog, self._now = ledger, catalog, now

    def delete(self, shelf: Shelf, obj: Json, propagation: str, grace: int | None = None) -> None:
        """Delete an object, or mark it where something must happen first."""
        finalizers = _finalizers(obj, propagation)
        held = self._contents(shelf, obj)
        respite = grace_of(shelf, obj, grace)
        if not finalizers and not held and not respite:
            self._remove(shelf, obj)
            return
        marked = deletion_marked(obj, finalizers, self._now(), respite)
        if shelf == _NAMESPACES:
            marked = {**marked, "status": {**marked.get("status", {}), "phase": "Terminating"}}
        if marked != obj:
            marked = self._ledger.put(shelf, marked)
        for inner_shelf, inner in held:
            self._delete_again(inner_shelf, inner, "Background")
        self._act(marked)

    def store(self, shelf: Shelf, obj: Json) -> Json:
        """Put a written object into the ledger, unless this write takes away what its deletion waited for."""
        meta = obj["metadata"]
        is_waited_for = bool(meta.get("finalizers")) or is_graceful(obj) or bool(self._contents(shelf, obj))
        if "deletionTimestamp" not in meta or is_waited_for:
            return self._ledger.put(shelf, obj)
        self._remove(shelf, obj)
        return obj

    def settle(self, shelf: Shelf, obj: Json) -> None:
        """After a write: collect what has no owner left."""
        refs = obj["metadata"].get("ownerReferences")
        if refs and not any(self._is_there(obj, ref) for ref in refs):
            self._delete_again(shelf, obj, "Background")

    def _act(self, marked: Json) -> None:
        """Do what the collector's own finalizers ask for."""
        uid, finalizers = marked["metadata"]["uid"], marked["metadata"].get("finalizers") or []
        if ORPHAN in finalizers:
            for shelf, dependent in self._ledger.owned_by(uid):
                self._ledger.put(shelf, _disowned(dependent, uid))
            self._drop_finalizer(uid, ORPHAN)
        elif FOREGROUND in finalizers:
            for shelf, dependent in self._ledger.owned_by(uid):
                self._leave(shelf, dependent, uid, "Foreground")
        self._finish(uid)

    def _leave(self, shelf: Shelf, dependent: Json, owner: str, propagation: str) -> None:
        """An owner goes: its dependent stays if somebody else owns it."""
        refs = [ref for ref in dependent["metadata"]["ownerReferences"] if ref["uid"] != owner]
        if any(self._is_there(dependent, ref) and not self._is_going(ref["uid"]) for ref in refs):
            self._ledger.put(shelf, _disowned(dependent, owner))
        else:
            self._delete_again(shelf, dependent, propagation)

    def _delete_again(self, shelf: Shelf, obj: Json, propagation: str) -> None:
        """Delete an object unless it is gone, or going, already."""
        current = self._ledger.get(shelf, namespace_of(obj), name_of(obj))
        if current is not None and "deletionTimestamp" not in current["metadata"]:
            self.delete(shelf, current, propagation)

    def _finish(self, uid: str) -> None:
        """Remove an object that is being deleted once nothing holds it."""
        found = self._ledger.by_uid(uid)
        if found is None or "deletionTimestamp" not in found[1]["metadata"]:
            return
        shelf, obj = found
        finalizers = obj["metadata"].get("finalizers") or []
        if FOREGROUND in finalizers:
            self._finish_in_foreground(uid)
        elif not finalizers and not is_graceful(obj) and not self._contents(shelf, obj):
            self._remove(shelf, obj)

    def _finish_in_foreground(self, uid: str) -> None:
        """Drop the finalizer once no dependent blocks; what was made since the deletion began is deleted too."""
        blocking = [(shelf, one) for shelf, one in self._ledger.owned_by(uid) if _blocks(one, uid)]
        for shelf, one in blocking:
            self._leave(shelf, one, uid, "Foreground")
        if not blocking:
            self._drop_finalizer(uid, FOREGROUND)
            self._finish(uid)

    def _drop_finalizer(self, uid: str, finalizer: str) -> None:
        if (found := self._ledger.by_uid(uid)) is not None:
            shelf, obj = found
            left = [one for one in obj["metadata"].get("finalizers") or [] if one != finalizer]
            self.store(shelf, with_meta(obj, finalizers=left or None))

    def _remove(self, shelf: Shelf, obj: Json) -> None:
        uid = obj["metadata"]["uid"]
        self._ledger.remove(shelf, obj)
        if shelf == DEFINITIONS:
            self._catalog.drop(obj)
        for dependent_shelf, dependent in self._ledger.owned_by(uid):
            self._leave(dependent_shelf, dependent, uid, "Background")
        for waiting in self._waiting_for(shelf, obj):
            self._finish(waiting)

    def _waiting_for(self, shelf: Shelf, removed: Json) -> list[str]:
        """Uids of owners, namespace and definition, whose own deletion may now go on."""
        uids = [ref["uid"] for ref in removed["metadata"].get("ownerReferences") or ()]
        namespace = self._ledger.get(_NAMESPACES, "", namespace_of(removed))
        definition = self._ledger.get(DEFINITIONS, "", f"{shelf[1]}.{shelf[0]}")
        return [*uids, *(one["metadata"]["uid"] for one in (namespace, definition) if one is not None)]

    def _contents(self, shelf: Shelf, obj: Json) -> list[tuple[Shelf, Json]]:
        """What must be gone before a namespace or a definition can go."""
        if shelf == _NAMESPACES:
            return self._ledger.in_namespace(name_of(obj))
        if shelf == DEFINITIONS:
            inner = obj["spec"]["group"], obj["spec"]["names"]["plural"]
            return [(inner, one) for one in self._ledger.all(inner, None)]
        return []

    def _is_there(self, dependent: Json, ref: Json) -> bool:
        """Whether an owner exists; one of a kind that is not served here counts as there, as nobody can know."""
        if not self._catalog.serves(ref["apiVersion"], ref["kind"]):
            return True
        found = self._ledger.by_uid(ref["uid"])
        return found is not None and namespace_of(found[1]) in ("", namespace_of(dependent))

    def _is_going(self, uid: str) -> bool:
        found = self._ledger.by_uid(uid)
        return found is not None and FOREGROUND in (found[1]["metadata"].get("finalizers") or [])


def _finalizers(obj: Json, propagation: str) -> list[str]:
    """The object's finalizers with the collector's own as this propagation wants them."""
    kept = [one for one in obj["metadata"].get("finalizers") or [] if one not in (FOREGROUND, ORPHAN)]
    own = {"Foreground": [FOREGROUND], "Orphan": [ORPHAN]}.get(propagation, [])
    return [*kept, *own]


def _disowned(dependent: Json, owner: str) -> Json:
    refs = [ref for ref in dependent["metadata"].get("ownerReferences") or [] if ref["uid"] != owner]
    return with_meta(dependent, ownerReferences=refs or None)


def _blocks(dependent: Json, owner: str) -> bool:
    refs = dependent["metadata"].get("ownerReferences") or []
    return any(ref["uid"] == owner and ref.get("blockOwnerDeletion") for ref in refs)
