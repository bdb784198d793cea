"""What is wrong with a Canary, or more than this version carries: named by field, with a cure. Called by canary.parse.

Nothing is done for a faulty Canary (Flagger runs it as well as it can), so a typing mistake never costs traffic.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rollouts.dialects.flagger import queries
from rollouts.dialects.flagger.analysis import MOMENTS, climb_of
from rollouts.dialects.flagger.reading import duration, integer, items, mapping, text
from rollouts.model.faults import Fault, Faults
from rollouts.model.strategy import Check

GATEWAY = "gatewayapi:v1"
KUBERNETES = "kubernetes"
PROVIDERS = (GATEWAY, KUBERNETES)


def canary_faults(spec: Mapping[str, Any], provider: str, checks: tuple[Check, ...]) -> Faults:
    """Every mistake, in the order of the manifest."""
    analysis = mapping(spec.get("analysis"))
    return (
        *_of_references(spec, provider),
        *_of_service(mapping(spec.get("service")), provider),
        *_of_strategy(analysis, provider),
        *_of_metrics(analysis, checks),
        *_of_webhooks(analysis),
    )


def _of_references(spec: Mapping[str, Any], provider: str) -> Iterator[Fault]:
    target = mapping(spec.get("targetRef"))
    if provider not in PROVIDERS:
        known = ", ".join(PROVIDERS)
        yield Fault("spec.provider", f"{provider!r} is not known to this version of Sluice", f"use one of {known}")
    if not text(target.get("name")):
        yield Fault("spec.targetRef.name", "is missing", "name the Deployment that is to be delivered")
    if target.get("kind") != "Deployment":
        kind = target.get("kind")
        yield Fault("spec.targetRef.kind", f"{kind!r} is not delivered by this version of Sluice", "use Deployment")
    if spec.get("autoscalerRef"):
        yield Fault("spec.autoscalerRef", "autoscalers are not driven by this version of Sluice", "leave it out")


def _of_service(service: Mapping[str, Any], provider: str) -> Iterator[Fault]:
    if integer(service.get("port")) <= 0:
        yield Fault("spec.service.port", "is missing", "set the port that users call")
    if provider == GATEWAY and not items(service.get("gatewayRefs")):
        message = "GatewayRefs must be specified when using Gateway API as a provider."
        yield Fault("spec.service.gatewayRefs", message, "name the Gateway that the route hangs on")


def _of_strategy(analysis: Mapping[str, Any], provider: str) -> Iterator[Fault]:
    weights = climb_of(analysis).weights
    if any(after <= before for before, after in zip((0, *weights), weights, strict=False)):
        yield Fault(
            "spec.analysis.stepWeights", f"{list(weights)} does not rise from step to step", "order the weights"
        )
    if provider != GATEWAY:
        return
    for field in ("match", "mirror", "sessionAffinity"):
        if analysis.get(field):
            yield Fault(f"spec.analysis.{field}", "is not supported by this version of Sluice", "leave it out")
    if analysis and climb_of(analysis).is_empty and integer(analysis.get("iterations")) <= 0:
        cure = "set stepWeight, stepWeights or iterations above 0"
        yield Fault("spec.analysis", "names no way to the new version", cure)


def _of_metrics(analysis: Mapping[str, Any], checks: tuple[Check, ...]) -> Iterator[Fault]:
    for index, (metric, check) in enumerate(zip(map(mapping, items(analysis.get("metrics"))), checks, strict=True)):
        path = f"spec.analysis.metrics[{index}]"
        if metric.get("templateRef"):
            yield Fault(f"{path}.templateRef", "is not supported by this version of Sluice", "write the query inline")
        elif check.name not in queries.BUILTIN and not check.query:
            known = " or ".join(queries.BUILTIN)
            yield Fault(path, f"{check.name!r} is neither built in nor has a query", f"add query, or name it {known}")
        for function in queries.unknown_functions(check.query):
            yield Fault(f"{path}.query", f"{{{{ {function} }}}} is not a known function", "spell it out")


def _of_webhooks(analysis: Mapping[str, Any]) -> Iterator[Fault]:
    for index, webhook in enumerate(map(mapping, items(analysis.get("webhooks")))):
        path = f"spec.analysis.webhooks[{index}]"
        if not text(webhook.get("url")):
            yield Fault(f"{path}.url", "is missing", "set the address to call")
        if text(webhook.get("type")) not in ("", *MOMENTS):
            yield Fault(f"{path}.type", f"{webhook['type']!r} is not known", f"use one of {', '.join(MOMENTS)}")
        timeout = text(webhook.get("timeout"))
        if len(timeout) > 1 and duration(timeout) is None:
            yield Fault(f"{path}.timeout", f"{timeout!r} is no duration", "write it like 10s")
