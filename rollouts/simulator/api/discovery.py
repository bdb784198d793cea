"""What this server serves: `/version`, and the lists of groups and resources. Called by the server for GETs.

Answers come in both forms: aggregated, which kubectl and our clients ask for, and one list a group version, which kopf
and older programs read.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from rollouts.cluster.port import Json
from rollouts.simulator.store import Kind

VERSION: Final = {
    "major": "1",
    "minor": "34",
    "gitVersion": "v1.34.4",
    "gitCommit": "",
    "gitTreeState": "",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}
_VERBS: Final = ("create", "delete", "get", "list", "patch", "update", "watch")


def is_aggregated(accept: str) -> bool:
    """Whether the caller takes the aggregated form in version v2."""
    return "as=APIGroupDiscoveryList" in accept and "v=v2;" in accept.replace(" ", "") + ";"


def answer(path: str, accept: str, kinds: Sequence[Kind]) -> Json | None:
    """The answer for a discovery path, None for any other path."""
    match path.strip("/").split("/"):
        case ["version"]:
            return dict(VERSION)
        case ["api" | "apis" as root]:
            served = [kind for kind in kinds if bool(kind.resource.group) == (root == "apis")]
            if is_aggregated(accept):
                return _aggregated(served)
            return _versions() if root == "api" else _groups(served)
        case ["api", version]:
            return _resources(_of(kinds, "", version), version)
        case ["apis", group]:
            found = [kind for kind in kinds if kind.resource.group == group]
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, found)} if found else None
        case ["apis", group, version]:
            return _resources(_of(kinds, group, version), f"{group}/{version}")
        case _:
            return None


def _of(kinds: Iterable[Kind], group: str, version: str) -> list[Kind]:
    return [kind for kind in kinds if (kind.resource.group, kind.resource.version) == (group, version)]


def _versions() -> Json:
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def _groups(kinds: Sequence[Kind]) -> Json:
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*one) for one in _by_group(kinds)]}


def _by_group(kinds: Sequence[Kind]) -> list[tuple[str, list[Kind]]]:
    ordered = sorted(kinds, key=lambda kind: kind.resource.group)
    return [(group, list(members)) for group, members in groupby(ordered, key=lambda kind: kind.resource.group)]


def _versions_of(kinds: Iterable[Kind]) -> list[str]:
    """Versions of a group in the order in which the store prefers them."""
    return list(dict.fromkeys(kind.resource.version for kind in kinds))


def _group(group: str, kinds: Sequence[Kind]) -> Json:
    versions = [{"groupVersion": f"{group}/{version}", "version": version} for version in _versions_of(kinds)]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def _resources(kinds: Sequence[Kind], group_version: str) -> Json | None:
    if not kinds:
        return None
    entries = [entry for kind in kinds for entry in (_resource(kind), *_subresources(kind))]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": entries}


def _resource(kind: Kind) -> Json:
    resource = kind.resource
    return {
        "name": resource.plural,
        "singularName": kind.singular,
        "namespaced": resource.is_namespaced,
        "kind": resource.kind,
        "verbs": list(_VERBS),
        "shortNames": list(kind.short_names),
        "categories": list(kind.categories),
    }


def _subresources(kind: Kind) -> list[Json]:
    return [
        {
            "name": f"{kind.resource.plural}/{name}",
            "singularName": "",
            "namespaced": kind.resource.is_namespaced,
            **_kind_of(kind, name),
            "verbs": ["create"] if name == "eviction" else ["get", "patch", "update"],
        }
        for name in kind.subresources
    ]


def _kind_of(kind: Kind, subresource: str) -> Json:
    match subresource:
        case "scale":
            return {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        case "eviction":
            return {"group": "policy", "version": "v1", "kind": "Eviction"}
        case _:
            return {"kind": kind.resource.kind}


def _aggregated(kinds: Sequence[Kind]) -> Json:
    groups = [
        {
            "metadata": {"name": group},
            "versions": [
                {
                    "version": version,
                    "freshness": "Current",
                    "resources": [_entry(kind) for kind in _of(members, group, version)],
                }
                for version in _versions_of(members)
            ],
        }
        for group, members in _by_group(kinds)
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": groups,
    }


def _entry(kind: Kind) -> Json:
    resource = kind.resource
    return {
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": "Namespaced" if resource.is_namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": list(_VERBS),
        "shortNames": list(kind.short_names),
        "categories": list(kind.categories),
        "subresources": [_subentry(kind, name) for name in kind.subresources],
    }


def _subentry(kind: Kind, name: str) -> Json:
    own = {"group": kind.resource.group, "version": kind.resource.version}
    return {
        "subresource": name,
        "responseKind": {**own, **_kind_of(kind, name)},
        "verbs": ["create"] if name == "eviction" else ["get", "patch", "update"],
    }
