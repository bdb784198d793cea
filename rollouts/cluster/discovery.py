"""What a server serves, out of its discovery answers. Pure; both clients fetch and ask here.

Servers since Kubernetes 1.27 answer in one aggregated list a root; older ones need a round per group version, for which
`paths_of` names the paths.
"""

from collections.abc import Iterator

from rollouts.cluster.port import Json, Resource

ROOTS = ("/api", "/apis")


def is_aggregated(answer: Json) -> bool:
    """Whether the server gave the whole list at once."""
    return answer.get("kind") == "APIGroupDiscoveryList"


def aggregated(answer: Json) -> Iterator[Resource]:
    """Resources of an aggregated answer; versions come in the server's order, the preferred one first."""
    for group in answer.get("items", ()):
        name = group.get("metadata", {}).get("name", "")
        for version in group.get("versions", ()):
            for entry in version.get("resources", ()):
                kind = (entry.get("responseKind") or {}).get("kind", "")
                is_namespaced = entry.get("scope") == "Namespaced"
                yield Resource(name, version["version"], entry["resource"], kind, is_namespaced)


def paths_of(answer: Json) -> tuple[str, ...]:
    """Where the resource lists of an older server's `/api` or `/apis` answer are."""
    if answer.get("kind") == "APIVersions":
        return tuple(f"/api/{version}" for version in answer.get("versions", ()))
    return tuple(f"/apis/{entry['groupVersion']}" for group in answer.get("groups", ()) for entry in _ordered(group))


def listed(answer: Json) -> Iterator[Resource]:
    """Resources of one APIResourceList; subresources are left out."""
    group, _, version = str(answer.get("groupVersion", "")).rpartition("/")
    for entry in answer.get("resources", ()):
        if "/" not in entry["name"]:
            yield Resource(group, version, entry["name"], entry["kind"], bool(entry["namespaced"]))


def _ordered(group: Json) -> list[Json]:
    preferred = group.get("preferredVersion") or {}
    return sorted(group.get("versions", ()), key=lambda entry: bool(entry != preferred))
