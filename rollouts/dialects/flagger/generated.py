"""What a Canary wants generated around its target, as the common value. Called by the Canary's kind and golden data.

How it is rendered is the business of rollouts/workloads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rollouts.dialects.flagger.canary import FINALIZER, is_strict, pair_of
from rollouts.dialects.flagger.readiness import is_knative
from rollouts.dialects.flagger.reading import integer
from rollouts.dialects.flagger.revision import OFF, TRACKING
from rollouts.dialects.flagger.routes import API_VERSION
from rollouts.dialects.flagger.twins import SERVING
from rollouts.model.copying import Copying, Front, Keys, TwinScaler
from rollouts.model.objects import Json, Ref, owner_reference
from rollouts.model.reading import items, mapping, text
from rollouts.model.strategy import PodMetadata

KEYS = Keys(sharing=TRACKING, edition="flagger-id", off=OFF, serving=SERVING, finalizer=FINALIZER)
SELECTOR_LABELS = ("app", "name", "app.kubernetes.io/name")


@dataclass(frozen=True, slots=True)
class Flags:
    """What the operator's flags say: -selector-labels, -include-label-prefix, -enable-config-tracking."""

    selector_labels: tuple[str, ...] = SELECTOR_LABELS
    label_prefixes: tuple[str, ...] = ()
    tracks_configs: bool = True


def copying_of(manifest: Json, flags: Flags = Flags()) -> Copying:
    """The names and wishes of a Canary; to the letter, if its annotation asks for that."""
    meta, spec = mapping(manifest.get("metadata")), mapping(manifest.get("spec"))
    namespace, name = text(meta.get("namespace")), text(meta.get("name"))
    return Copying(
        pair=pair_of(spec),
        target=_ref(mapping(spec.get("targetRef")), namespace),
        manifest=Ref(API_VERSION, "Canary", namespace, name),
        owner=owner_reference(API_VERSION, "Canary", name, text(meta.get("uid"))),
        front=_front(mapping(spec.get("service"))),
        keys=KEYS,
        suffix="-primary",
        scaler=_scaler(mapping(spec.get("autoscalerRef")), namespace),
        selector_labels=flags.selector_labels,
        label_prefixes=flags.label_prefixes,
        tracks_configs=flags.tracks_configs,
        has_revisions=is_knative(mapping(spec.get("targetRef"))),
        is_literal=is_strict(manifest),
    )


def _ref(reference: Mapping[str, Any], namespace: str) -> Ref:
    return Ref(text(reference.get("apiVersion")), text(reference.get("kind")), namespace, text(reference.get("name")))


def _front(service: Mapping[str, Any]) -> Front:
    unmanaged, target_port = mapping(service.get("unmanagedMetadata")), service.get("targetPort")
    return Front(
        port=integer(service.get("port")),
        port_name=text(service.get("portName")) or "http",
        target_port=target_port if isinstance(target_port, str) else integer(target_port),
        app_protocol=text(service.get("appProtocol")),
        discovers_ports=service.get("portDiscovery") is True,
        is_headless=service.get("headless") is True,
        distribution=text(service.get("trafficDistribution")),
        everybodys=_metadata(service.get("apex")),
        stable=_metadata(service.get("primary")),
        canary=_metadata(service.get("canary")),
        kept_labels=frozenset(map(text, items(unmanaged.get("labels")))),
        kept_annotations=frozenset(map(text, items(unmanaged.get("annotations")))),
    )


def _metadata(wanted: Any) -> PodMetadata:
    given = mapping(wanted)
    labels, annotations = (
        {k: text(v) for k, v in mapping(given.get(field)).items()} for field in ("labels", "annotations")
    )
    return PodMetadata(labels, annotations)


def _scaler(reference: Mapping[str, Any], namespace: str) -> TwinScaler | None:
    if not reference:
        return None
    bounds = mapping(reference.get("primaryScalerReplicas"))
    queries = {key: text(query) for key, query in mapping(reference.get("primaryScalerQueries")).items()}
    least, most = (integer(bounds.get(field)) or None for field in ("minReplicas", "maxReplicas"))
    return TwinScaler(_ref(reference, namespace), least, most, queries)
