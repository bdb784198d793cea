"""How the port's verbs look on the wire. Both HTTP clients build their calls here, so that they cannot differ.

Pure: a verb's arguments go in, method, path, query and body come out. Sending is the clients' work.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

from rollouts.cluster.port import (
    Collection,
    CreateOptions,
    DeleteOptions,
    Json,
    Patch,
    PatchType,
    Query,
    Resource,
    Target,
)

JSON: Final = "application/json"
DISCOVERY: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
DISCOVERY_ITSELF: Final = Resource("", "", "", "APIGroupDiscoveryList", is_namespaced=False)


@dataclass(frozen=True, slots=True)
class Call:
    """One request: `verb`, `resource` and `target` (its one object) are for whoever counts, the rest is HTTP."""

    verb: str
    resource: Resource
    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    media: str = JSON
    accept: str = JSON
    target: Target | None = None

    @property
    def url(self) -> str:
        """Path and query, quoted."""
        return f"{self.path}?{urlencode(self.params)}" if self.params else self.path


def collection_path(collection: Collection) -> str:
    """`/api/v1/namespaces/default/pods`, `/apis/apps/v1/deployments`."""
    resource = collection.resource
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    if resource.is_namespaced and collection.namespace:
        root = f"{root}/namespaces/{quote(collection.namespace, safe='')}"
    return f"{root}/{resource.plural}"


def target_path(target: Target) -> str:
    """The object's own path, with its subresource where one is asked for."""
    path = f"{collection_path(Collection(target.resource, target.namespace))}/{quote(target.name, safe='')}"
    return f"{path}/{target.subresource}" if target.subresource else path


def getting(target: Target) -> Call:
    """Read one object."""
    return Call("Get", target.resource, "GET", target_path(target), target=target)


def listing(collection: Collection, query: Query) -> Call:
    """Read one page."""
    params = _selection(query)
    if query.limit is not None:
        params["limit"] = str(query.limit)
    if query.token:
        params["continue"] = query.token
    elif query.version:
        params["resourceVersion"] = query.version
    return Call("List", collection.resource, "GET", collection_path(collection), params)


def watching(collection: Collection, query: Query) -> Call:
    """Open a watch."""
    params = _selection(query) | {"watch": "true"}
    if query.version:
        params["resourceVersion"] = query.version
    if query.bookmarks:
        params["allowWatchBookmarks"] = "true"
    if query.timeout is not None:
        params["timeoutSeconds"] = str(max(1, round(query.timeout)))
    return Call("Watch", collection.resource, "GET", collection_path(collection), params)


def creating(collection: Collection, body: Json, options: CreateOptions) -> Call:
    """Post a new object."""
    return Call("Create", collection.resource, "POST", collection_path(collection), _writing(options), body)


def replacing(target: Target, body: Json, options: CreateOptions) -> Call:
    """Put a whole object."""
    return Call("Update", target.resource, "PUT", target_path(target), _writing(options), body, target=target)


def patching(target: Target, patch: Patch) -> Call:
    """Send a patch; JSON is YAML too, so an apply patch travels as it is."""
    params = _writing(CreateOptions(manager=patch.manager, is_dry_run=patch.is_dry_run))
    if patch.type is PatchType.APPLY and patch.is_forced:
        params["force"] = "true"
    path, media = target_path(target), patch.type.value
    return Call("Patch", target.resource, "PATCH", path, params, patch.body, media, target=target)


def deleting(target: Target, options: DeleteOptions) -> Call:
    """Delete, with propagation and preconditions in the body."""
    body: Json = {"apiVersion": "v1", "kind": "DeleteOptions"}
    if options.propagation:
        body["propagationPolicy"] = options.propagation
    if options.grace is not None:
        body["gracePeriodSeconds"] = options.grace
    preconditions = {"uid": options.uid, "resourceVersion": options.version}
    if any(preconditions.values()):
        body["preconditions"] = {key: value for key, value in preconditions.items() if value}
    return Call("Delete", target.resource, "DELETE", target_path(target), {}, body, target=target)


def evicting(target: Target) -> Call:
    """Post an Eviction to the pod."""
    metadata = {"name": target.name, "namespace": target.namespace}
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
    return Call("Create", target.resource, "POST", f"{target_path(target)}/eviction", {}, body)


def discovering(path: str) -> Call:
    """Ask `/api` or `/apis` what is served."""
    return Call("Get", DISCOVERY_ITSELF, "GET", path, accept=DISCOVERY)


def with_kinds(answer: Json, resource: Resource) -> tuple[Json, ...]:
    """A list's items; servers leave apiVersion and kind out of them, so they are filled in."""
    items: list[Json] = answer.get("items") or []
    kind = str(answer.get("kind", "")).removesuffix("List") or resource.kind
    version = answer.get("apiVersion") or resource.api_version
    return tuple({"apiVersion": version, "kind": kind, **item} for item in items)


def _selection(query: Query) -> dict[str, str]:
    selectors = {"labelSelector": query.labels, "fieldSelector": query.fields}
    return {key: value for key, value in selectors.items() if value}


def _writing(options: CreateOptions) -> dict[str, str]:
    params = {"fieldManager": options.manager, "dryRun": "All" if options.is_dry_run else ""}
    return {key: value for key, value in params.items() if value}
