"""What is wrong with a MetricTemplate by itself, before any Canary names it. Called by lint, through the registry.

Types and required fields are the definitions' business; here is what only the provider itself would find out.
"""

from collections.abc import Iterator, Mapping

from analysis import gotemplate
from analysis.errors import TemplateError
from rollouts.dialects.flagger.queries import FUNCTIONS
from rollouts.model.faults import Fault, Faults
from rollouts.model.objects import Json
from rollouts.model.reading import mapping, text

NEEDS: Mapping[str, tuple[str, ...]] = {
    "influxdb": ("address", "secretRef"),
    "datadog": ("secretRef",),
    "newrelic": ("secretRef",),
    "dynatrace": ("address", "secretRef"),
    "splunk": ("address", "secretRef"),
    "graphite": ("address",),
    "cloudwatch": ("region",),
}
"""Fields without which a provider of this type is never asked."""


def template_faults(manifest: Json) -> Faults:
    """Every mistake, in the order of the manifest."""
    spec = mapping(manifest.get("spec"))
    return (*_of_provider(mapping(spec.get("provider"))), *_of_query(text(spec.get("query"))))


def _of_provider(provider: Mapping[str, object]) -> Iterator[Fault]:
    type_ = text(provider.get("type"))
    for field in NEEDS.get(type_, ()):
        if not provider.get(field):
            yield Fault(f"spec.provider.{field}", f"is missing, and {type_} needs it", f"set {field}")


def _of_query(query: str) -> Iterator[Fault]:
    """Which variables a Canary gives is not known here, only whether the text is a template at all."""
    try:
        gotemplate.parse(query, FUNCTIONS)
    except TemplateError as error:
        known = ", ".join(sorted(FUNCTIONS))
        yield Fault("spec.query", f"template parsing failed: {error}", f"use Go's text/template with {known}")
