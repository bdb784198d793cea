"""What a target is at this moment, as hashes: its template and the configuration that it is started with.

Called by whoever observes Canaries. Flagger hashes Go's view of the template, which nobody outside Go can repeat and
which moves with Kubernetes' own types; ours is of canonical JSON and bears a mark, so that the two are never compared.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from rollouts.hashing import template_hash
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, text

MARK = "sluice-"
TRACKING = "flagger.app/config-tracking"
OFF = "flagger.app/scale-to-zero"
KNATIVE = "serving.knative.dev/"
CONFIG_MAP, SECRET = "ConfigMap", "Secret"
_TRACKED_SECRETS = ("", "Opaque", "kubernetes.io/basic-auth", "kubernetes.io/ssh-auth", "kubernetes.io/tls")

Configs = Mapping[tuple[str, str], Json]
"""ConfigMaps and Secrets of the target's namespace, by kind and name."""


def revision_of(target: Json) -> str:
    """The hash of what is delivered: a workload's template, a Service's spec, a revision of Knative's by name."""
    spec = mapping(target.get("spec"))
    if target.get("kind") != "Service":
        return f"{MARK}{template_hash(_template(spec), None)}"
    if text(target.get("apiVersion")).startswith(KNATIVE):
        return f"{MARK}{text(mapping(target.get('status')).get('latestCreatedRevisionName'))}"
    return f"{MARK}{_short(spec)}"


def tracked_of(target: Json, configs: Configs, *, strict: bool = False) -> Mapping[str, str] | None:
    """Hashes of the configuration that the pods of a workload are started with; None where there are no pods.

    Values are Flagger's own, so that it and we see the same change; bytes count beside them, which it does not see.
    """
    if target.get("kind") == "Service":
        return None
    found = {ref: configs.get(ref) for ref in configs_of(target)}
    return {
        f"{kind.lower()}/{name}": _digest(config, strict=strict)
        for (kind, name), config in sorted(found.items())
        if config and _is_tracked(config)
    }


def configs_of(target: Json) -> frozenset[tuple[str, str]]:
    """Kind and name of every ConfigMap and Secret that the pods of a workload are given."""
    pod = mapping(mapping(mapping(target.get("spec")).get("template")).get("spec"))
    containers = [*items(pod.get("containers")), *items(pod.get("initContainers"))]
    named = [ref for container in map(mapping, containers) for ref in _of_container(container)]
    named += [ref for volume in map(mapping, items(pod.get("volumes"))) for ref in _of_volume(volume)]
    return frozenset(ref for ref in named if ref[1])


def is_ours(revision: str) -> bool:
    """Whether a recorded hash is one of ours."""
    return revision.startswith(MARK)


def _of_container(container: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for source in map(mapping, items(container.get("envFrom"))):
        yield from _named(source, "configMapRef", "secretRef")
    for variable in map(mapping, items(container.get("env"))):
        yield from _named(mapping(variable.get("valueFrom")), "configMapKeyRef", "secretKeyRef")


def _of_volume(volume: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _named(volume, "configMap", "secret")
    for source in map(mapping, items(mapping(volume.get("projected")).get("sources"))):
        yield from _named(source, "configMap", "secret")


def _named(source: Mapping[str, Any], config_map: str, secret: str) -> Iterator[tuple[str, str]]:
    yield CONFIG_MAP, text(mapping(source.get(config_map)).get("name"))
    found = mapping(source.get(secret))
    yield SECRET, text(found.get("secretName")) or text(found.get("name"))


def _is_tracked(config: Json) -> bool:
    """A config may be shared on purpose; Secrets that Kubernetes makes for itself are nobody's change."""
    annotations = mapping(mapping(config.get("metadata")).get("annotations"))
    is_shared = text(annotations.get(TRACKING)).startswith("disable")
    return not is_shared and (config.get("kind") != SECRET or text(config.get("type")) in _TRACKED_SECRETS)


def _digest(config: Json, *, strict: bool) -> str:
    """Text and bytes both count: a changed keystore is a change."""
    data, binary = config.get("data"), config.get("binaryData")
    return _short([data, binary]) if binary and not strict else _short(data)


def _short(value: Any) -> str:
    """Sixteen digits of the hash of a value as Go writes it in JSON."""
    written = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return hashlib.sha256(written.encode()).hexdigest()[:16]


def _template(spec: Mapping[str, Any]) -> Any:
    """The template without the mark that keeps a DaemonSet off all nodes."""
    template = mapping(spec.get("template"))
    selector = mapping(mapping(template.get("spec")).get("nodeSelector"))
    if OFF not in selector:
        return spec.get("template")
    pod = {**template["spec"], "nodeSelector": {key: value for key, value in selector.items() if key != OFF}}
    if not pod["nodeSelector"]:
        del pod["nodeSelector"]
    return {**template, "spec": pod}
