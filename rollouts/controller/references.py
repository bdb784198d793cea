"""What is wrong with a rollout that only other objects show. Called by observe and lint; pure.

Texts and order are Argo's (spec/argo-rollouts.md §1.6): Services first, then analysis templates, then routes. Only the
first one reaches the condition.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rollouts.cluster import kinds
from rollouts.controller.mentions import BACKGROUND, analyses_of, services_of
from rollouts.dialects.argo.analysis import endless_faults, field_faults, template_faults
from rollouts.model.faults import Fault
from rollouts.model.keys import HASH_LABEL, MANAGED_BY
from rollouts.model.objects import Json, Ref
from rollouts.model.reading import mapping
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import BlueGreen, Canary, RunPlugin
from rollouts.traffic.protocol import Objects
from rollouts.traffic.registry import PROVIDERS, Providers, routers_of, unknown_routers

_TEMPLATES = (kinds.ANALYSIS_TEMPLATES.kind, kinds.CLUSTER_ANALYSIS_TEMPLATES.kind)


def service_ref(rollout: Rollout, name: str) -> Ref:
    """The address of a Service that this rollout names."""
    return Ref(kinds.SERVICES.api_version, kinds.SERVICES.kind, rollout.namespace, name)


def service_faults(rollout: Rollout, manifest: Json, objects: Objects) -> Iterator[Fault]:
    """Services that are not there, lead elsewhere, or belong to another rollout."""
    labels = _labels(manifest)
    for name in services_of(rollout):
        path = _service_path(rollout, name)
        service = objects.get(service_ref(rollout, name))
        if service is None:
            yield _invalid(path, name, f'service "{name}" not found', "create the Service, or correct its name")
            continue
        for key in sorted(_strangers(service, {**labels, **_marks(rollout, name)})):
            yield _invalid(path, name, f'Service "{name}" has unmatch label "{key}" in rollout',
                           f"give the pod template the label {key} that the Service selects")  # fmt: skip
        if _manager(service) not in ("", rollout.name):
            yield _invalid(path, name, f'Service "{name}" is managed by another Rollout', "use a Service of its own")


def plugin_faults(rollout: Rollout, known: frozenset[str] | None) -> Iterator[Fault]:
    """Step plugins that this controller does not have; with `known` None nobody knows which it has."""
    steps = rollout.strategy.steps if isinstance(rollout.strategy, Canary) else ()
    for index, step in enumerate(steps):
        if isinstance(step, RunPlugin) and known is not None and step.name not in known:
            there = f"configured are {', '.join(sorted(known))}" if known else "none is configured"
            message = f"plugin {step.name} is not configured; {there}"
            cure = "add it to stepPlugins of the ConfigMap argo-rollouts-config, and start the controller anew"
            yield _invalid(f"spec.strategy.steps[{index}].plugin.name", step.name, message, cure)


def route_faults(rollout: Rollout, objects: Objects, providers: Providers = PROVIDERS) -> Iterator[Fault]:
    """Routers that nobody here speaks, and what each provider finds wrong with its objects."""
    yield from unknown_routers(rollout, providers)
    for router in routers_of(rollout, providers):
        yield from providers[router.provider].faults(rollout, router, objects)


def template_faults_of(rollout: Rollout, manifest: Json, objects: Objects) -> Iterator[Fault]:
    """Templates that are not there, arguments without a value or a field, metrics that never let the rollout go on."""
    templates = tuple(obj for ref, obj in objects.items() if obj is not None and ref.kind in _TEMPLATES)
    for path, analysis in analyses_of(rollout):
        yield from template_faults(analysis, templates, path)
        yield from field_faults(analysis, manifest, path)
        if path != BACKGROUND:
            yield from endless_faults(analysis, templates, path)


def _service_path(rollout: Rollout, name: str) -> str:
    match rollout.strategy:
        case Canary(stable_service=stable, ping_pong=pair):
            if pair is not None and name in (pair.ping, pair.pong):
                return f"spec.strategy.canary.pingPong.{'pingService' if name == pair.ping else 'pongService'}"
            return f"spec.strategy.canary.{'stableService' if name == stable else 'canaryService'}"
        case BlueGreen(active_service=active):
            return f"spec.strategy.blueGreen.{'activeService' if name == active else 'previewService'}"
        case _:
            return "spec.service"


def _marks(rollout: Rollout, name: str) -> Mapping[str, str]:
    """The labels that pods carry only while they are in the role that this Service points at."""
    match rollout.strategy:
        case Canary(stable_service=stable, canary_service=canary) as strategy:
            roles = {canary: strategy.canary_metadata, stable: strategy.stable_metadata}
        case BlueGreen(active_service=active, preview_service=preview) as strategy:
            roles = {preview: strategy.preview_metadata, active: strategy.active_metadata}
        case _:
            roles = {}
    metadata = roles.get(name)
    return {} if metadata is None else metadata.labels


def _labels(manifest: Json) -> Mapping[str, Any]:
    template = mapping(mapping(manifest.get("spec")).get("template"))
    return mapping(mapping(template.get("metadata")).get("labels"))


def _strangers(service: Json, labels: Mapping[str, Any]) -> set[str]:
    """Labels that the Service selects and that the rollout's pods do not carry."""
    selector = mapping(mapping(service.get("spec")).get("selector"))
    return {key for key, value in selector.items() if key != HASH_LABEL and labels.get(key) != value}


def _manager(service: Json) -> str:
    return str((service["metadata"].get("annotations") or {}).get(MANAGED_BY, ""))


def _invalid(path: str, value: str, message: str, cure: str) -> Fault:
    return Fault(path, f"Invalid value: {json.dumps(value)}: {message}", cure)
