"""Requests, counted at the server by verb and resource. Filled by ground.py, read by the measures."""

from collections import Counter
from collections.abc import Mapping

from rollouts.simulator.api.addresses import address_of

_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_READS = ("get", "list", "watch", "discover", "review")
_UPKEEP = (" leases",)


def name_of(method: str, raw_path: str, params: Mapping[str, str]) -> str:
    """`patch rollouts/status`, `watch services`, `discover` for what names no resource."""
    address = address_of(raw_path)
    if address is None:
        return "discover"
    if address.plural.startswith("selfsubject"):
        return "review rights"  # a POST that changes nothing
    verb = _VERBS.get(method, method.lower())
    if params.get("watch") in ("true", "1"):
        verb = "watch"
    elif verb == "get" and not address.name:
        verb = "list"
    plural = f"{address.plural}/{address.subresource}" if address.subresource else address.plural
    return f"{verb} {plural}"


class Tally:
    """How often each kind of request came. `since` gives what came after an earlier `now`."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, name: str) -> None:
        """One more."""
        self._counts[name] += 1

    def now(self) -> Counter[str]:
        """All that came so far."""
        return Counter(self._counts)

    def since(self, before: Counter[str]) -> Counter[str]:
        """What came after `before`."""
        return self._counts - before


def is_read(name: str) -> bool:
    """Whether a request only reads."""
    return name.split(" ", maxsplit=1)[0] in _READS


def without_upkeep(counts: Counter[str]) -> Counter[str]:
    """Requests that some rollout caused: all but the Lease's."""
    return Counter({name: count for name, count in counts.items() if not name.endswith(_UPKEEP)})


def writes(counts: Counter[str], *, with_events: bool) -> int:
    """How many of them write; events are told apart, since they are written by best effort."""
    return sum(
        count for name, count in counts.items() if not is_read(name) and (with_events or name != "create events")
    )


def reads(counts: Counter[str]) -> int:
    """How many of them read."""
    return sum(count for name, count in counts.items() if is_read(name))
