"""Is the answer to a write of ours just what we wrote? Asked by apply and statuses before they wake anybody.

The next watch event of the object is no newer than the answer and says nothing; so whatever somebody else did to the
object in between has to be noticed here, or it never is.
"""

from collections.abc import Mapping
from typing import Any

from rollouts.cluster.port import Json

_SERVERS_OWN = frozenset({"resourceVersion", "generation", "managedFields"})


def is_echo(before: Json | None, patch: Mapping[str, Any], answer: Json) -> bool:
    """Whether `answer` is `before` with this merge patch and nothing more; what the server counts does not."""
    return before is not None and _essence(merged(before, patch)) == _essence(answer)


def merged(value: Mapping[str, Any], patch: Mapping[str, Any]) -> Json:
    """A JSON merge patch (RFC 7386) carried out."""
    result = dict(value)
    for name, part in patch.items():
        if part is None:
            result.pop(name, None)
        elif isinstance(part, Mapping):
            held = result.get(name)
            result[name] = merged(held if isinstance(held, Mapping) else {}, part)
        else:
            result[name] = part
    return result


def _essence(obj: Json) -> Json:
    metadata = {name: value for name, value in obj["metadata"].items() if name not in _SERVERS_OWN and value != {}}
    return {name: value for name, value in obj.items() if value != {}} | {"metadata": metadata}
