"""A part of a manifest as Go holds it after decoding: right types, fields in Go's order, empty ones gone.

Called by the Argo dialect's validation, which asks of the typed value and shows it in messages.
"""

import json
from typing import Any

from rollouts.hashing.encode import encoder
from rollouts.hashing.salvage import salvaged
from rollouts.hashing.scalars import Malformed


def typed(word: str, value: Any) -> Any:
    """The value as the Go type `word`, as JSON; what cannot be read is gone, as Argo's tolerant decoder leaves it."""
    return json.loads(typed_text(word, value))


def typed_text(word: str, value: Any) -> str:
    """The same as text."""
    try:
        return encoder(word)(value)
    except Malformed:
        return encoder(word)(salvaged(value, word))
