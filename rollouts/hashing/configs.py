"""ConfigMaps and Secrets that a workload's pods are started with: where they are named, and their checksums.

Called by dialects, which see a change by them, and by workloads, which copy them and name the copies instead.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, text

CONFIG_MAP, SECRET = "ConfigMap", "Secret"
_USERS_SECRETS = ("", "Opaque", "kubernetes.io/basic-auth", "kubernetes.io/ssh-auth", "kubernetes.io/tls")
"""Types of Secrets that users write; the others are made by Kubernetes or meant for it."""

Name = tuple[str, str]
"""Kind and name."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A place of a pod's spec that names a config: the object that holds the name, and its field."""

    kind: str
    holder: Json
    field: str

    @property
    def name(self) -> str:
        """The name that stands there."""
        return text(self.holder.get(self.field))

    @property
    def is_optional(self) -> bool:
        """Whether pods start without it."""
        return self.holder.get("optional") is True


def pod_of(workload: Mapping[str, Any]) -> Json:
    """The spec of a workload's pods."""
    return mapping(mapping(mapping(workload.get("spec")).get("template")).get("spec"))


def mentions(pod: Json) -> Iterator[Mention]:
    """Every place that names one: env and envFrom of all containers, volumes, projected ones too."""
    for container in map(mapping, [*items(pod.get("containers")), *items(pod.get("initContainers"))]):
        for source in map(mapping, items(container.get("envFrom"))):
            yield from _named(source, "configMapRef", "secretRef")
        for variable in map(mapping, items(container.get("env"))):
            yield from _named(mapping(variable.get("valueFrom")), "configMapKeyRef", "secretKeyRef")
    for volume in map(mapping, items(pod.get("volumes"))):
        yield from _named(volume, "configMap", "secret", "secretName")
        for source in map(mapping, items(mapping(volume.get("projected")).get("sources"))):
            yield from _named(source, "configMap", "secret")


def configs_of(workload: Mapping[str, Any]) -> frozenset[Name]:
    """Kind and name of every ConfigMap and Secret that the pods of a workload are given."""
    return frozenset((one.kind, one.name) for one in mentions(pod_of(workload)))


def is_tracked(config: Json, sharing: str) -> bool:
    """A config may be shared on purpose (`sharing`: by this annotation); Secrets of Kubernetes are nobody's change."""
    annotations = mapping(mapping(config.get("metadata")).get("annotations"))
    is_shared = text(annotations.get(sharing)).startswith("disable")
    return not is_shared and (config.get("kind") != SECRET or text(config.get("type")) in _USERS_SECRETS)


def digest(value: Any) -> str:
    """Sixteen digits of the hash of a value as Go writes it in JSON."""
    written = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return hashlib.sha256(written.encode()).hexdigest()[:16]


def _named(source: Json, config_map: str, secret: str, secret_field: str = "name") -> Iterator[Mention]:
    found = (
        Mention(CONFIG_MAP, mapping(source.get(config_map)), "name"),
        Mention(SECRET, mapping(source.get(secret)), secret_field),
    )
    yield from (one for one in found if one.name)
