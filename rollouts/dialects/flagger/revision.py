"""What a target is at this moment, as hashes: its template and the configuration that it is started with.

Called by whoever observes Canaries. Flagger hashes Go's view of the template, which nobody outside Go can repeat and
which moves with Kubernetes' own types; ours is of canonical JSON and bears a mark, so that the two are never compared.
"""

from collections.abc import Mapping
from typing import Any

from rollouts.hashing import template_hash
from rollouts.hashing.configs import configs_of, digest, is_tracked
from rollouts.model.objects import Json
from rollouts.model.reading import mapping, text

MARK = "sluice-"
TRACKING = "flagger.app/config-tracking"
OFF = "flagger.app/scale-to-zero"
KNATIVE = "serving.knative.dev/"

Configs = Mapping[tuple[str, str], Json]
"""ConfigMaps and Secrets of the target's namespace, by kind and name."""


def revision_of(target: Json) -> str:
    """The hash of what is delivered: a workload's template, a Service's spec, a revision of Knative's by name."""
    spec = mapping(target.get("spec"))
    if target.get("kind") != "Service":
        return f"{MARK}{template_hash(_template(spec), None)}"
    if text(target.get("apiVersion")).startswith(KNATIVE):
        return f"{MARK}{text(mapping(target.get('status')).get('latestCreatedRevisionName'))}"
    return f"{MARK}{digest(spec)}"


def tracked_of(target: Json, configs: Configs, *, strict: bool = False) -> Mapping[str, str] | None:
    """Hashes of the configuration that the pods of a workload are started with; None where there are no pods.

    Values are Flagger's own, so that it and we see the same change; bytes count beside them, which it does not see.
    """
    if target.get("kind") == "Service":
        return None
    found = {ref: configs.get(ref) for ref in configs_of(target)}
    return {
        f"{kind.lower()}/{name}": _checksum(config, strict=strict)
        for (kind, name), config in sorted(found.items())
        if config and is_tracked(config, TRACKING)
    }


def is_ours(revision: str) -> bool:
    """Whether a recorded hash is one of ours."""
    return revision.startswith(MARK)


def _checksum(config: Json, *, strict: bool) -> str:
    """Text and bytes both count: a changed keystore is a change."""
    data, binary = config.get("data"), config.get("binaryData")
    return digest([data, binary]) if binary and not strict else digest(data)


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
