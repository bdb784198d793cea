"""The verbs over HTTP: each reads its request, asks the store, and shows the answer. Called by the server."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from aiohttp import web

from rollouts.cluster.errors import BadRequestError, MethodNotAllowedError, NotFoundError
from rollouts.cluster.port import DeleteOptions, Json, Page, Patch, PatchType
from rollouts.simulator.api import media, strictness
from rollouts.simulator.api.media import Shown
from rollouts.simulator.api.requests import Asked
from rollouts.simulator.api.tables import META_API, metadata_only, shown, table
from rollouts.simulator.api.watching import watch

Verb = Callable[[Asked], Awaitable[web.StreamResponse]]


def answered(value: Any, *, code: int = 200, warnings: tuple[str, ...] = ()) -> web.Response:
    """A JSON answer."""
    response = web.Response(body=msgspec.json.encode(value), status=code, content_type="application/json")
    for warning in warnings:
        response.headers.add("Warning", f"299 - {json.dumps(warning)}")  # a quoted string, as HTTP has it
    return response


async def answer(asked: Asked) -> web.StreamResponse:
    """Do what the method and the path say. Raises MethodNotAllowedError and the store's errors."""
    verbs = _OBJECT_VERBS if asked.address.name else _COLLECTION_VERBS
    verb = verbs.get(asked.http.method)
    if verb is None:
        raise MethodNotAllowedError("the server does not allow this method on the requested resource")
    return await verb(asked)


async def _get(asked: Asked) -> web.StreamResponse:
    if asked.is_watch:
        return await watch(asked)
    obj = await asked.store.get(asked.target)
    return answered(_shown(asked, obj))


async def _list(asked: Asked) -> web.StreamResponse:
    if asked.is_watch:
        return await watch(asked)
    page = await asked.store.list(asked.collection, asked.query)
    return answered(_page(asked, page))


def _page(asked: Asked, page: Page) -> Json:
    meta: Json = {"resourceVersion": page.version, **({"continue": page.token} if page.token else {})}
    resource = asked.kind.resource
    match asked.form:
        case Shown.TABLE:
            return table(asked.kind, page.items, meta, asked.store.now(), include=asked.include)
        case Shown.METADATA:
            items = [metadata_only(obj) for obj in page.items]
            return {"kind": "PartialObjectMetadataList", "apiVersion": META_API, "metadata": meta, "items": items}
        case Shown.WHOLE:
            named = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version}
            return {**named, "metadata": meta, "items": list(page.items)}


def _shown(asked: Asked, obj: Json) -> Json:
    if asked.form is Shown.WHOLE:
        return obj
    return shown(asked.kind, obj, asked.form, asked.store.now(), include=asked.include)


async def _create(asked: Asked) -> web.StreamResponse:
    body = await _object(asked)
    warnings = strictness.check(asked, body)
    obj = await asked.store.create(asked.collection, body, asked.options)
    return answered(_shown(asked, obj), code=201, warnings=warnings)


async def _evict(asked: Asked) -> web.StreamResponse:
    if asked.address.subresource != "eviction":
        raise MethodNotAllowedError("the server does not allow this method on the requested resource")
    await asked.store.evict(asked.target)
    return answered({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, code=201)


async def _replace(asked: Asked) -> web.StreamResponse:
    body = await _object(asked)
    warnings = strictness.check(asked, body)
    obj = await asked.store.replace(asked.target, body, asked.options)
    return answered(_shown(asked, obj), warnings=warnings)


async def _patch(asked: Asked) -> web.StreamResponse:
    patch_type = media.patch_type(asked.http.headers.get("Content-Type", ""))
    body = media.decoded(await asked.http.read())
    warnings = strictness.check_patch(asked, patch_type, body)
    is_apply = patch_type is PatchType.APPLY
    manager = asked.params.get("fieldManager", "") if is_apply else asked.manager
    patch = Patch(patch_type, body, manager, asked.is_true("force"), asked.is_dry_run)
    is_new = is_apply and asked.store.peek(asked.target) is None
    obj = await asked.store.patch(asked.target, patch)
    return answered(_shown(asked, obj), code=201 if is_new else 200, warnings=warnings)


async def _object(asked: Asked) -> Json:
    return media.object_of(await asked.http.read(), asked.http.content_type)


async def _delete(asked: Asked) -> web.StreamResponse:
    body = await _object(asked) if asked.http.can_read_body else {}
    options = _delete_options(asked, body)
    live = asked.store.peek(asked.target)
    if live is None:
        await asked.store.get(asked.target)  # says what is missing
        raise NotFoundError("the server could not find the requested resource")
    if not (asked.is_dry_run or "All" in (body.get("dryRun") or ())):
        await asked.store.delete(asked.target, options)
    held = asked.store.peek(asked.target)
    if held is not None and held["metadata"]["uid"] == live["metadata"]["uid"]:
        return answered(_shown(asked, held))
    return answered(_deleted(asked, live))


def _delete_options(asked: Asked, body: Mapping[str, Any]) -> DeleteOptions:
    """Options from the body; kubectl sends them there, other programs as parameters."""
    preconditions = body.get("preconditions") or {}
    grace = body.get("gracePeriodSeconds", asked.params.get("gracePeriodSeconds"))
    propagation = body.get("propagationPolicy") or asked.params.get("propagationPolicy", "")
    if body.get("orphanDependents"):
        propagation = "Orphan"
    try:
        seconds = None if grace is None else int(grace)
    except ValueError:
        raise BadRequestError(f"gracePeriodSeconds: Invalid value: {grace!r}: must be a whole number") from None
    return DeleteOptions(propagation, preconditions.get("uid", ""), preconditions.get("resourceVersion", ""), seconds)


def _deleted(asked: Asked, live: Json) -> Json:
    details = {
        "name": asked.address.name,
        "group": asked.address.group,
        "kind": asked.address.plural,
        "uid": live["metadata"]["uid"],
    }
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }


_COLLECTION_VERBS: Final[Mapping[str, Verb]] = {"GET": _list, "POST": _create}
_OBJECT_VERBS: Final[Mapping[str, Verb]] = {
    "GET": _get,
    "POST": _evict,
    "PUT": _replace,
    "PATCH": _patch,
    "DELETE": _delete,
}
