"""What is wrong with a Canary, or more than this version carries: named by field, with a cure. Called by canary.parse.

Nothing is done for a faulty Canary (Flagger runs it as well as it can), so a typing mistake never costs traffic.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from analysis.builtin import Target
from rollouts.dialects.flagger import providers, queries
from rollouts.dialects.flagger.analysis import (
    DEFAULT_WINDOW,
    MOMENTS,
    Templates,
    address_fault,
    climb_of,
    of_metric,
    patience_of,
    source_of,
)
from rollouts.dialects.flagger.queries import Subject, rendered
from rollouts.dialects.flagger.readiness import is_knative
from rollouts.dialects.flagger.reading import integer
from rollouts.model.faults import Fault, Faults
from rollouts.model.reading import items, mapping, text

TARGETS = ("Deployment", "DaemonSet", "Service")
SCALERS = ("HorizontalPodAutoscaler", "ScaledObject")


def canary_faults(spec: Mapping[str, Any], provider: str, namespace: str, templates: Templates | None = None) -> Faults:
    """Every mistake, in the order of the manifest; a template that is missing is one where somebody has looked."""
    analysis = mapping(spec.get("analysis"))
    return (
        *_of_references(spec, provider),
        *_of_service(spec, provider),
        *_of_strategy(analysis, provider),
        *_of_metrics(analysis, namespace, templates),
        *_of_webhooks(analysis),
    )


def _of_references(spec: Mapping[str, Any], provider: str) -> Iterator[Fault]:
    if not providers.is_known(provider):
        known = ", ".join(providers.KNOWN)
        yield Fault("spec.provider", f"{provider!r} is not known", f"use one of {known}")
    yield from _of_target(mapping(spec.get("targetRef")), provider)
    scaler = mapping(spec.get("autoscalerRef"))
    if scaler and scaler.get("kind") not in SCALERS:
        message, cure = f"{scaler.get('kind')!r} is no autoscaler", f"use one of {', '.join(SCALERS)}"
        yield Fault("spec.autoscalerRef.kind", message, cure)
    if scaler and provider == providers.KNATIVE:
        yield Fault("spec.autoscalerRef", "Knative scales its revisions itself", "leave it out")
    field = providers.REFERENCES.get(provider)
    if field and not text(mapping(spec.get(field)).get("name")):
        yield Fault(f"spec.{field}.name", "is missing", "name the object that users come in by")


def _of_target(target: Mapping[str, Any], provider: str) -> Iterator[Fault]:
    if not text(target.get("name")):
        yield Fault("spec.targetRef.name", "is missing", "name the workload that is to be delivered")
    if target.get("kind") not in TARGETS:
        message, cure = f"{target.get('kind')!r} cannot be delivered", f"use one of {', '.join(TARGETS)}"
        yield Fault("spec.targetRef.kind", message, cure)
    if is_knative(target) != (provider == providers.KNATIVE):
        cure = "use a Service of serving.knative.dev/v1 with the provider knative, and no other"
        yield Fault("spec.targetRef", "Knative's Services go with Knative's routes", cure)


def _of_service(spec: Mapping[str, Any], provider: str) -> Iterator[Fault]:
    service, is_own = mapping(spec.get("service")), mapping(spec.get("targetRef")).get("kind") == "Service"
    if integer(service.get("port")) <= 0 and not is_own:
        yield Fault("spec.service.port", "is missing", "set the port that users call")
    if providers.is_gateway(provider) and not items(service.get("gatewayRefs")):
        message = "GatewayRefs must be specified when using Gateway API as a provider."
        yield Fault("spec.service.gatewayRefs", message, "name the Gateway that the route hangs on")
    if service.get("delegation") is True and (items(service.get("hosts")) or items(service.get("gateways"))):
        cure = "leave them to the VirtualService that delegates"
        yield Fault("spec.service.delegation", "goes with neither hosts nor gateways", cure)


def _of_strategy(analysis: Mapping[str, Any], provider: str) -> Iterator[Fault]:
    weights = climb_of(analysis).weights
    if any(after <= before for before, after in zip((0, *weights), weights, strict=False)):
        yield Fault(
            "spec.analysis.stepWeights", f"{list(weights)} does not rise from step to step", "order the weights"
        )
    if provider == providers.KUBERNETES:
        return
    rounds = integer(analysis.get("iterations"))
    if analysis and climb_of(analysis).is_empty and rounds <= 0:
        cure = "set stepWeight, stepWeights or iterations above 0"
        yield Fault("spec.analysis", "names no way to the new version", cure)
    if analysis.get("mirror") is True and not providers.can_mirror(provider):
        message = f"{provider} cannot mirror"
        yield Fault("spec.analysis.mirror", message, "leave it out")
    yield from _of_affinity(mapping(analysis.get("sessionAffinity")))


def _of_affinity(affinity: Mapping[str, Any]) -> Iterator[Fault]:
    name, other = text(affinity.get("cookieName")), text(affinity.get("primaryCookieName"))
    path = "spec.analysis.sessionAffinity"
    if affinity and not name:
        yield Fault(f"{path}.cookieName", "is missing", "name the cookie that keeps users on the new version")
    if name and name == other:
        yield Fault(f"{path}.primaryCookieName", "is the cookie of the new version, too", "give it another name")


def _of_metrics(analysis: Mapping[str, Any], namespace: str, templates: Templates | None) -> Iterator[Fault]:
    for index, metric in enumerate(map(mapping, items(analysis.get("metrics")))):
        path, name = f"spec.analysis.metrics[{index}]", text(metric.get("name"))
        query = text(metric.get("query"))
        if metric.get("templateRef"):
            yield from _of_template(metric, path, source_of(metric, namespace), templates)
        elif name not in queries.BUILTIN and not query:
            known = " or ".join(queries.BUILTIN)
            yield Fault(path, f"{name!r} is neither built in nor has a query", f"add query, or name it {known}")
        yield from _of_query(metric, query, f"{path}.query")


def _of_template(metric: Mapping[str, Any], path: str, source: str, templates: Templates | None) -> Iterator[Fault]:
    template = (templates or {}).get(source)
    if template is not None:
        query = text(mapping(template.get("spec")).get("query"))
        yield from _of_query(metric, query, f"{path}.templateRef: MetricTemplate {source}, spec.query")
    elif templates is not None:
        yield Fault(f"{path}.templateRef", f"MetricTemplate {source} does not exist", "create it")


def _of_query(metric: Mapping[str, Any], query: str, path: str) -> Iterator[Fault]:
    """A query that cannot be filled in, whatever it is about."""
    words = Target(*(field for field in Target.__slots__))
    subject = of_metric(Subject(words, "name"), metric, DEFAULT_WINDOW)
    fault = rendered(query, subject).fault
    if fault:
        known = ", ".join(sorted(queries.FUNCTIONS))
        yield Fault(path, fault, f"use Go's text/template with {known}")


def _of_webhooks(analysis: Mapping[str, Any]) -> Iterator[Fault]:
    for index, webhook in enumerate(map(mapping, items(analysis.get("webhooks")))):
        path = f"spec.analysis.webhooks[{index}]"
        if not text(webhook.get("url")):
            yield Fault(f"{path}.url", "is missing", "set the address to call")
        elif address_fault(text(webhook.get("url"))):
            yield Fault(f"{path}.url", f"{webhook['url']!r} is no URL", "write it like http://tester.test/")
        if text(webhook.get("type")) not in ("", *MOMENTS):
            yield Fault(f"{path}.type", f"{webhook['type']!r} is not known", f"use one of {', '.join(MOMENTS)}")
        timeout = text(webhook.get("timeout"))
        if patience_of(timeout)[1]:
            yield Fault(f"{path}.timeout", f"{timeout!r} is no duration", "write it like 10s")
