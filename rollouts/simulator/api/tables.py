"""Objects in the form that was asked for: tables for `kubectl get`, or metadata alone. Called by the verbs."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from analysis.jsonpath import find
from rollouts.cluster.port import Json
from rollouts.simulator.api.ages import age
from rollouts.simulator.api.media import Shown
from rollouts.simulator.api.printers import AGE, NAME, PRINTERS, Printed
from rollouts.simulator.store import Column, Kind

META_API = "meta.k8s.io/v1"


def table(kind: Kind, objects: Iterable[Json], meta: Json, now: datetime, *, include: str = "Metadata") -> Json:
    """A Table of these objects. `include` says what each row carries: Metadata, Object or None."""
    columns = columns_of(kind)
    rows = [{"cells": [one.cell(obj, now) for one in columns], **_carried(obj, include)} for obj in objects]
    return {
        "kind": "Table",
        "apiVersion": META_API,
        "metadata": meta,
        "columnDefinitions": [_definition(one) for one in columns],
        "rows": rows,
    }


def metadata_only(obj: Json) -> Json:
    """The object as PartialObjectMetadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": META_API, "metadata": obj["metadata"]}


def shown(kind: Kind, obj: Json, form: Shown, now: datetime, *, include: str = "Metadata") -> Json:
    """One object in this form."""
    match form:
        case Shown.WHOLE:
            return obj
        case Shown.METADATA:
            return metadata_only(obj)
        case Shown.TABLE:
            return table(kind, (obj,), {"resourceVersion": obj["metadata"]["resourceVersion"]}, now, include=include)


def columns_of(kind: Kind) -> tuple[Printed, ...]:
    """The columns of a kind: a printer's, or those that its definition names."""
    known = PRINTERS.get(kind.shelf)
    if known is not None:
        return known
    declared = tuple(_declared(one) for one in kind.columns)
    return (NAME, *(declared or (AGE,)))


def _declared(column: Column) -> Printed:
    def cell(obj: Json, now: datetime) -> Any:
        return _cell(column.type, find(column.path, obj), now)

    return Printed(column.name, cell, column.type, column.priority)


def _cell(type_: str, found: Sequence[Any], now: datetime) -> Any:
    """A cell of a declared column; nothing found, or a value of another type, leaves it empty."""
    if not found:
        return None
    first = found[0]
    match type_:
        case "date":
            return age(first, now) if isinstance(first, str) else None
        case "integer":
            return int(first) if isinstance(first, int | float) and not isinstance(first, bool) else None
        case "number":
            return first if isinstance(first, int | float) and not isinstance(first, bool) else None
        case "boolean":
            return first if isinstance(first, bool) else None
        case _:
            return " ".join(_text(one) for one in found)


def _text(value: Any) -> str:
    """As a real server prints it: plain words as they are, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _definition(column: Printed) -> Json:
    return {
        "name": column.name,
        "type": column.type,
        "format": "name" if column is NAME else "",
        "description": "",
        "priority": column.priority,
    }


def _carried(obj: Json, include: str) -> Json:
    match include:
        case "None":
            return {}
        case "Object":
            return {"object": obj}
        case _:
            return {"object": metadata_only(obj)}
