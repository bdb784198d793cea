"""Media types: what the caller wants back, and what its body is. Called by the verbs."""

import json
from enum import Enum
from typing import Any

import yaml

from rollouts.cluster.errors import BadRequestError, UnsupportedMediaTypeError
from rollouts.cluster.port import PatchType


class Shown(Enum):
    """The form of an answer: the objects themselves, a table for people, or their metadata alone."""

    WHOLE = "whole"
    TABLE = "Table"
    METADATA = "PartialObjectMetadata"


def wanted(accept: str) -> Shown:
    """The first form in an Accept header that we can give. JSON is what we speak when nothing else fits."""
    for entry in accept.split(","):
        media, *parameters = (part.strip() for part in entry.split(";"))
        named = dict(part.split("=", 1) for part in parameters if "=" in part)
        if media in ("", "*/*", "application/*") or (media == "application/json" and "as" not in named):
            return Shown.WHOLE
        if media == "application/json" and named.get("g") == "meta.k8s.io" and named.get("v", "v1") == "v1":
            if named["as"] == "Table":
                return Shown.TABLE
            if named["as"].startswith("PartialObjectMetadata"):
                return Shown.METADATA
    return Shown.WHOLE


def patch_type(content_type: str) -> PatchType:
    """The patch type of a Content-Type. Raises UnsupportedMediaTypeError."""
    media = content_type.split(";", maxsplit=1)[0].strip()
    try:
        return PatchType(media)
    except ValueError:
        known = ", ".join(PatchType)
        raise UnsupportedMediaTypeError(
            f"the body of the request was in an unknown format ({media}); accepted media types include: {known}"
        ) from None


def decoded(body: bytes, content_type: str = "") -> Any:
    """A body as JSON, or as YAML where it is no JSON. Raises BadRequestError, UnsupportedMediaTypeError."""
    if "protobuf" in content_type or "cbor" in content_type:  # kubectl's typed commands: create configmap, auth can-i
        raise UnsupportedMediaTypeError(
            f"the embedded cluster reads JSON and YAML, not {content_type}: write a manifest and use kubectl apply -f"
        )
    try:
        return json.loads(body)
    except ValueError:
        pass
    try:
        return yaml.load(body, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadRequestError(f"the request's body is neither JSON nor YAML: {error}") from error


def object_of(body: bytes, content_type: str = "") -> dict[str, Any]:
    """A body that has to be an object. Raises BadRequestError, UnsupportedMediaTypeError."""
    found = decoded(body, content_type)
    if not isinstance(found, dict):
        raise BadRequestError(f"the request's body must be an object, not {type(found).__name__}")
    return found
