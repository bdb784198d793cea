"""The store itself: the verbs of the port, in process. Called by simulations, tests and the HTTP front.

Every verb does its work without awaiting anything, so writes are atomic on the event loop, and takes no time, so it
may run in virtual time. Order of a write: find the kind, find the object, see what it becomes (patches.py, apply.py),
check it (writes.py), put it into the ledger, let the collector settle what follows.
"""

import random
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from pathlib import Path

from rollouts.cluster.port import (
    Collection,
    CreateOptions,
    DeleteOptions,
    Json,
    Page,
    Patch,
    PatchType,
    Query,
    Resource,
    Target,
    WatchEvent,
)
from rollouts.simulator.store import refusals, rules
from rollouts.simulator.store.apply import applied
from rollouts.simulator.store.catalog import (
    SCHEMAS,
    Catalog,
    established,
    faults_of_definition,
    sealed_definitions,
)
from rollouts.simulator.store.collector import DEFINITIONS, Collector
from rollouts.simulator.store.eviction import charged_budget
from rollouts.simulator.store.kinds import Kind
from rollouts.simulator.store.ledger import Ledger, Listener
from rollouts.simulator.store.managers import Owner, Writer
from rollouts.simulator.store.meta import at_path, copied, name_of, put_at_path, timestamp, version_of
from rollouts.simulator.store.pages import page
from rollouts.simulator.store.patches import patched
from rollouts.simulator.store.scale import disowned_replicas, has_owned_replicas, paths_of, scale_of, scaled
from rollouts.simulator.store.selectors import Selector
from rollouts.simulator.store.watches import View, watched
from rollouts.simulator.store.writes import Birth, check_preconditions, check_version, created, updated

FIRST_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_LONGEST_PREFIX = 58
_BUDGETS = ("policy", "poddisruptionbudgets")


class Store:
    """An API server's memory. `now` gives the time that objects carry, `seed` decides uids and generated names."""

    def __init__(self, now: Callable[[], datetime], *, seed: int = 0) -> None:
        self._now = now
        self._dice = random.Random(seed)
        self._catalog = Catalog()
        self._ledger = Ledger()
        self._collector = Collector(self._ledger, self._catalog, now)
        self._addresses = 0
        for name in FIRST_NAMESPACES:
            self._create(self._named("", "v1", "namespaces"), None, {"metadata": {"name": name}}, CreateOptions())
        self.load_definitions([SCHEMAS])

    # What the HTTP front and the simulated world ask beyond the port.

    @property
    def definitions(self) -> tuple[Kind, ...]:
        """Every kind served, with its columns, schema and subresources."""
        return self._catalog.kinds

    @property
    def version(self) -> str:
        """The newest resourceVersion."""
        return str(self._ledger.version)

    def now(self) -> datetime:
        """The moment that objects made now would carry."""
        return self._now()

    def resource_for(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource of that name, or None."""
        kind = self._catalog.find(group, version, plural)
        return kind.resource if kind else None

    def kind_for(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind of that name, with columns and schema, or None."""
        return self._catalog.find(group, version, plural)

    def peek(self, target: Target) -> Json | None:
        """The object (of a subresource: its owner) as it is now, or None; never raises for what is not there."""
        kind = self._catalog.find(target.resource.group, target.resource.version, target.resource.plural)
        obj = self._ledger.get(kind.shelf, target.namespace or "", target.name) if kind else None
        return _shown(kind, obj) if kind and obj else None

    def peek_all(self, collection: Collection, query: Query = Query()) -> tuple[Json, ...]:
        """What a list would give, without waiting for it."""
        return page(self._ledger, self._view(collection, query), query).items

    def load_definitions(self, paths: Iterable[Path]) -> None:
        """Create the CustomResourceDefinitions of YAML files, or of folders of them; one that is there is replaced."""
        kind = self._named("apiextensions.k8s.io", "v1", "customresourcedefinitions")
        for definition in (one for path in paths for one in sealed_definitions(path)):
            live = self._ledger.get(kind.shelf, "", name_of(definition))
            if live is None:
                self._create(kind, None, definition, CreateOptions())
            else:
                writer = self._writer(kind, "", "Update", "")
                self._commit(kind, live, updated(kind, live, definition, writer), is_dry_run=False)

    def listen(self, listener: Listener) -> None:
        """Tell `listener` of every change, within the write that makes it: it may look, and must not write."""
        self._ledger.listen(listener)

    def compact(self) -> None:
        """Forget the past: versions and page tokens given out so far are answered by 410."""
        self._ledger.compact()

    # The port.

    async def get(self, target: Target) -> Json:
        """The object, or its Scale."""
        kind, live = self._found(target)
        return scale_of(kind, live) if target.subresource == "scale" else _shown(kind, live)

    async def list(self, collection: Collection, query: Query = Query()) -> Page:
        """One page of the collection."""
        return page(self._ledger, self._view(collection, query), query)

    async def watch(self, collection: Collection, query: Query = Query()) -> AsyncIterator[WatchEvent]:
        """Changes after `query.version`, or first what is there."""
        view = self._view(collection, query)
        async for event in watched(self._ledger, view, query, self._start(query.version)):
            yield event

    async def create(self, collection: Collection, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """The object as stored."""
        kind = self._catalog.kind(collection.resource)
        return self._create(kind, collection.namespace, copied(body), options)

    async def patch(self, target: Target, patch: Patch) -> Json:
        """The object (or Scale) after the patch; an apply creates what is not there."""
        kind = self._kind_of(target)
        if patch.type is PatchType.APPLY:
            return self._apply(kind, target, patch)
        live = self._live(kind, target)
        writer = self._writer(kind, patch.manager, "Update", target.subresource)
        if target.subresource == "scale":
            scale = patched(scale_of(kind, live), patch, kind.shape, is_custom=kind.is_custom)
            return self._scale(kind, live, scale, writer, is_dry_run=patch.is_dry_run)
        body = patched(_shown(kind, live), patch, kind.shape, is_custom=kind.is_custom)
        check_version(kind, live, version_of(body))
        return self._commit(kind, live, updated(kind, live, body, writer), is_dry_run=patch.is_dry_run)

    async def replace(self, target: Target, body: Json, options: CreateOptions = CreateOptions()) -> Json:
        """Write the whole object, its status or its Scale."""
        kind, live = self._found(target)
        body = copied(body)
        writer = self._writer(kind, options.manager, "Update", target.subresource)
        if target.subresource == "scale":
            return self._scale(kind, live, body, writer, is_dry_run=options.is_dry_run)
        _check_type(kind, body)
        if kind.needs_version and not version_of(body):
            fault = refusals.invalid_value("metadata.resourceVersion", "0x0", "must be specified for an update")
            raise refusals.invalid(kind.resource, target.name, [fault])
        check_preconditions(kind, live, str(at_path(body, ("metadata", "uid")) or ""), "")
        check_version(kind, live, version_of(body))
        return self._commit(kind, live, updated(kind, live, body, writer), is_dry_run=options.is_dry_run)

    async def delete(self, target: Target, options: DeleteOptions = DeleteOptions()) -> None:
        """Delete, or mark for deletion where finalizers stand."""
        kind, live = self._found(target)
        check_preconditions(kind, live, options.uid, options.version)
        if options.propagation not in ("", "Background", "Foreground", "Orphan"):
            told = f'propagationPolicy: Unsupported value: "{options.propagation}"'
            raise refusals.bad_request(f"{told}: write Background, Foreground or Orphan")
        self._collector.delete(kind.shelf, live, options.propagation or kind.default_propagation, options.grace)

    async def evict(self, target: Target) -> None:
        """Delete a pod if its disruption budget allows."""
        kind, live = self._found(target)
        budget = charged_budget(live, self._ledger.all(_BUDGETS, target.namespace))
        if budget is not None:
            self._ledger.put(_BUDGETS, budget)
        self._collector.delete(kind.shelf, live, "Background")

    async def discover(self) -> tuple[Resource, ...]:
        """Every resource that is served, preferred versions first."""
        return tuple(kind.resource for kind in self._catalog.kinds)

    # The moves that the verbs share.

    def _named(self, group: str, version: str, plural: str) -> Kind:
        return self._catalog.kind(Resource(group, version, plural, ""))

    def _kind_of(self, target: Target) -> Kind:
        kind = self._catalog.kind(target.resource)
        if target.subresource and target.subresource not in kind.subresources:
            raise refusals.kind_not_served(f"{kind.resource.plural}/{target.subresource}")
        if kind.resource.is_namespaced and not target.namespace:
            raise refusals.bad_request("an empty namespace may not be set when a resource name is provided")
        return kind

    def _live(self, kind: Kind, target: Target) -> Json:
        live = self._ledger.get(kind.shelf, target.namespace or "", target.name)
        if live is None:
            raise refusals.not_found(kind.resource, target.name)
        return live

    def _found(self, target: Target) -> tuple[Kind, Json]:
        kind = self._kind_of(target)
        return kind, self._live(kind, target)

    def _view(self, collection: Collection, query: Query) -> View:
        kind = self._catalog.kind(collection.resource)
        return View(kind, collection.namespace, Selector(query.labels, query.fields, kind.fields))

    def _start(self, version: str) -> int | None:
        if version in ("", "0"):
            return None
        if not version.isdigit():
            raise refusals.bad_request(f'invalid resource version: "{version}" is no number')
        if int(version) > self._ledger.version:
            raise refusals.version_too_large(int(version), self._ledger.version)
        return int(version)

    def _writer(self, kind: Kind, manager: str, operation: str, subresource: str) -> Writer:
        return Writer(manager or "unknown", operation, kind.resource.api_version, subresource, self._now())

    def _create(self, kind: Kind, namespace: str | None, body: Json, options: CreateOptions) -> Json:
        _check_type(kind, body)
        if version_of(body):
            raise refusals.bad_request("resourceVersion should not be set on objects to be created")
        birth = self._birth(kind, namespace, body)
        new = created(kind, body, birth, self._writer(kind, options.manager, "Update", ""))
        if (met := self._ledger.get(kind.shelf, birth.namespace or "", birth.name)) is not None:
            is_going = "deletionTimestamp" in met["metadata"]
            raise refusals.already_exists(kind.resource, birth.name, is_going=is_going)
        return self._commit(kind, None, new, is_dry_run=options.is_dry_run)

    def _birth(self, kind: Kind, namespace: str | None, body: Json) -> Birth:
        meta = body.get("metadata") or {}
        own = meta.get("namespace")
        if kind.resource.is_namespaced:
            if namespace is None:
                raise refusals.method_not_allowed("the server does not allow this method on the requested resource")
            if own not in (None, "", namespace):
                told = "the namespace of the provided object does not match the namespace sent on the request"
                raise refusals.bad_request(told)
            self._check_namespace(kind, namespace, name_of(body))
        name = str(meta.get("name") or "")
        if not name and (prefix := meta.get("generateName")):
            name = prefix[:_LONGEST_PREFIX] + "".join(self._dice.choices(_SUFFIX_LETTERS, k=5))
        return Birth(self._uid(), name, namespace if kind.resource.is_namespaced else None, self._now())

    def _uid(self) -> str:
        text = f"{self._dice.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    def _check_namespace(self, kind: Kind, namespace: str, name: str) -> None:
        found = self._ledger.get(("", "namespaces"), "", namespace)
        if found is None:
            raise refusals.not_found(Resource("", "v1", "namespaces", "Namespace"), namespace)
        if "deletionTimestamp" in found["metadata"]:
            why = f"unable to create new content in namespace {namespace} because it is being terminated"
            cause = refusals.Cause(
                "NamespaceTerminating", f"namespace {namespace} is being terminated", "metadata.namespace"
            )
            raise refusals.forbidden(kind.resource, name, why, [cause])

    def _scale(self, kind: Kind, live: Json, scale: Json, writer: Writer, *, is_dry_run: bool) -> Json:
        check_version(kind, live, version_of(scale))
        new = scaled(kind, live, scale)
        owners = None if has_owned_replicas(kind, live, new) else disowned_replicas(kind, live)
        new = updated(kind, live, new, writer, owners)
        return scale_of(kind, self._commit(kind, live, new, is_dry_run=is_dry_run))

    def _apply(self, kind: Kind, target: Target, patch: Patch) -> Json:
        config = _config(kind, target, patch)
        live = self._ledger.get(kind.shelf, target.namespace or "", target.name)
        writer = self._writer(kind, patch.manager, "Apply", target.subresource)
        if live is None:
            return self._apply_new(kind, target, config, writer, patch)
        check_version(kind, live, version_of(config))
        done = applied(_shown(kind, live), config, writer, kind.shape, is_forced=patch.is_forced)
        new = updated(kind, live, done.obj, writer, done.owners)
        after = self._commit(kind, live, new, is_dry_run=patch.is_dry_run)
        return scale_of(kind, after) if target.subresource == "scale" else after

    def _apply_new(self, kind: Kind, target: Target, config: Json, writer: Writer, patch: Patch) -> Json:
        if target.subresource:
            raise refusals.not_found(kind.resource, target.name)
        if version_of(config) or config["metadata"].get("uid"):
            why = "the provided object names a uid or resourceVersion, and no existing object was found"
            raise refusals.conflict(kind.resource, target.name, why)
        owners: tuple[Owner, ...] = applied({}, config, writer, kind.shape, is_forced=True).owners
        birth = self._birth(kind, target.namespace, config)
        return self._commit(kind, None, created(kind, config, birth, writer, owners), is_dry_run=patch.is_dry_run)

    def _commit(self, kind: Kind, old: Json | None, new: Json, *, is_dry_run: bool) -> Json:
        """Store what a write came to and settle what follows; the answer is the object right after the write."""
        if kind.shelf == DEFINITIONS and (causes := faults_of_definition(new)):
            raise refusals.invalid(kind.resource, name_of(new), causes)
        if is_dry_run or new is old:
            return _shown(kind, new)
        if old is None and kind.shelf == ("", "services"):
            self._addresses += 1
            new = rules.with_address(new, self._addresses)
        stored = self._collector.store(kind.shelf, new)
        if kind.shelf == DEFINITIONS and (old is None or old["spec"] != new["spec"]):
            self._catalog.add(stored)
            stored = self._ledger.put(kind.shelf, established(stored, timestamp(self._now())))
        self._collector.settle(kind.shelf, stored)
        return _shown(kind, stored)


def _shown(kind: Kind, obj: Json) -> Json:
    wanted = kind.resource.api_version
    return obj if obj["apiVersion"] == wanted else {**obj, "apiVersion": wanted}


def _check_type(kind: Kind, body: Json) -> None:
    """The body must be of the kind that the request names; custom resources must say so."""
    wanted = {"apiVersion": kind.resource.api_version, "kind": kind.resource.kind}
    for name, value in wanted.items():
        given = body.get(name)
        if not given and kind.is_custom:
            raise refusals.bad_request(f"Object '{name}' is missing: write {name}: {value}")
        if given and given != value:
            told = f"the {name} in the data ({given}) does not match the expected {name} ({value})"
            raise refusals.bad_request(told)
    if not isinstance(body.get("metadata", {}), dict):
        raise refusals.bad_request("metadata must be an object")


def _config(kind: Kind, target: Target, patch: Patch) -> Json:
    """The body of an apply, checked and without what this way of writing does not reach."""
    if not isinstance(patch.body, dict):
        raise refusals.bad_request("error decoding patch: an apply is an object")
    if not patch.manager:
        raise refusals.bad_request(
            "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value: is required for apply patch"
        )
    config = copied(patch.body)
    meta = config.setdefault("metadata", {})
    if meta.get("managedFields"):
        raise refusals.bad_request("metadata.managedFields must be nil")
    if meta.setdefault("name", target.name) != target.name:
        told = f"the name of the object ({meta['name']}) does not match the name on the URL ({target.name})"
        raise refusals.bad_request(told)
    if target.subresource == "scale":
        bare = {"apiVersion": kind.resource.api_version, "kind": kind.resource.kind, "metadata": {"name": target.name}}
        return put_at_path(bare, paths_of(kind).replicas, at_path(config, ("spec", "replicas")) or 0)
    for name in ("apiVersion", "kind"):
        if not config.get(name):
            raise refusals.bad_request(f"Object '{name}' is missing in an apply")
    _check_type(kind, config)
    return _reset(kind, config, target.subresource)


def _reset(kind: Kind, config: Json, subresource: str) -> Json:
    if subresource == "status":
        meta = {name: value for name, value in config["metadata"].items() if name in ("name", "resourceVersion", "uid")}
        kept = {name: value for name, value in config.items() if name in ("apiVersion", "kind", "status")}
        return {**kept, "metadata": meta}
    return {name: value for name, value in config.items() if name != "status" or not kind.has_status}
