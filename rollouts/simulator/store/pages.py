"""Lists in pages that all show the same moment. Called by the core.

A token holds the list's version and the last object seen; the next page is cut from the state of that version.
"""

import base64
import binascii
import json

from rollouts.cluster.errors import GoneError
from rollouts.cluster.port import Json, Page, Query
from rollouts.simulator.store import refusals
from rollouts.simulator.store.ledger import Ledger
from rollouts.simulator.store.meta import name_of, namespace_of
from rollouts.simulator.store.watches import View


def page(ledger: Ledger, view: View, query: Query) -> Page:
    """One page of what the view shows. Raises GoneError for a token whose version is compacted away."""
    if query.token:
        version, after = _read_token(query.token)
        objects = [obj for obj in _state(ledger, view, version) if _key(obj) > after]
    else:
        version, objects = ledger.version, ledger.all(view.kind.shelf, view.namespace)
    taken = [obj for obj in objects if view.takes(obj)]
    limit = query.limit or len(taken)
    shown = tuple(view.shown(obj) for obj in taken[:limit])
    token = _token(version, taken[limit - 1]) if len(taken) > limit else ""
    return Page(shown, str(version), token)


def _state(ledger: Ledger, view: View, version: int) -> list[Json]:
    try:
        return ledger.all_at(view.kind.shelf, view.namespace, version)
    except GoneError as error:
        told = "The provided continue parameter is too old to display a consistent list result; list again without it."
        raise refusals.gone(told) from error


def _key(obj: Json) -> tuple[str, str]:
    return namespace_of(obj), name_of(obj)


def _token(version: int, last: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps([version, *_key(last)]).encode()).decode()


def _read_token(token: str) -> tuple[int, tuple[str, str]]:
    try:
        version, namespace, name = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError) as error:
        raise refusals.bad_request(f"continue key is not valid: {token!r} was not given out by this server") from error
    return int(version), (namespace, name)
