"""Which resource, object and subresource a path means. Called once a request."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from rollouts.cluster.port import Collection, Resource, Target

_OF_NAMESPACES = ("status", "finalize")


@dataclass(frozen=True, slots=True)
class Address:
    """A path below `/api` or `/apis`, taken apart. `name` "" means the collection."""

    group: str
    version: str
    plural: str
    namespace: str | None = None
    name: str = ""
    subresource: str = ""

    def collection(self, resource: Resource) -> Collection:
        """The collection, of a resource that is known by now."""
        return Collection(resource, self.namespace)

    def target(self, resource: Resource) -> Target:
        """The object or its subresource."""
        return Target(resource, self.name, self.namespace, self.subresource)


def address_of(raw_path: str) -> Address | None:
    """The address, or None for a path of another kind (discovery, probes, nonsense)."""
    match [unquote(part) for part in raw_path.strip("/").split("/")]:
        case ["api", version, plural, *rest]:
            return _address("", version, [plural, *rest])
        case ["apis", group, version, plural, *rest]:
            return _address(group, version, [plural, *rest])
        case _:
            return None


def _address(group: str, version: str, parts: Sequence[str]) -> Address | None:
    namespace = None
    # `namespaces/x` is an object, `namespaces/x/pods` a place, `namespaces/x/status` a subresource.
    if parts[0] == "namespaces" and len(parts) > 2 and parts[2] not in _OF_NAMESPACES:
        namespace, parts = parts[1], parts[2:]
    if len(parts) > 3:
        return None
    plural, name, subresource = (*parts, "", "")[:3]
    return Address(group, version, plural, namespace, name, subresource)
