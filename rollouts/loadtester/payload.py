"""The JSON that a webhook sends, read into a value. Called by server for every request with a body; pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rollouts.loadtester.errors import PayloadError

_TRUE = ("1", "t", "T", "true", "TRUE", "True")


@dataclass(frozen=True, slots=True)
class Payload:
    """Who asks, and for what. `checksum` stays the same through one run of a canary."""

    name: str = ""
    namespace: str = ""
    checksum: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def canary(self) -> str:
        """`name.namespace`, as logs and gates call it."""
        return f"{self.name}.{self.namespace}"

    def has(self, switch: str) -> bool:
        """Whether a switch of the metadata is on; what is no boolean counts as off."""
        return self.metadata.get(switch, "") in _TRUE

    def needed(self, *fields: str) -> tuple[str, ...]:
        """The values of these fields of the metadata; PayloadError names those that are missing."""
        missing = [name for name in fields if not self.metadata.get(name)]
        if missing:
            raise PayloadError(f"{', '.join(missing)} not found in metadata")
        return tuple(self.metadata[name] for name in fields)


def read(body: bytes) -> Payload:
    """The payload; PayloadError says what is wrong with it."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"the body is no JSON: {error}") from None
    if not isinstance(sent, dict):
        raise PayloadError("the body is no JSON object: send {name, namespace, metadata}")
    metadata = sent.get("metadata")
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        raise PayloadError("metadata: must be an object of strings")
    return Payload(
        _text(sent, "name"),
        _text(sent, "namespace"),
        _text(sent, "checksum"),
        {key: _text(metadata, key, "metadata.") for key in metadata},
    )


def _text(of: Mapping[str, Any], name: str, above: str = "") -> str:
    value = of.get(name)
    if value is not None and not isinstance(value, str):
        raise PayloadError(f"{above}{name}: must be a string; put it in quotes")
    return value or ""
