"""What a Canary wants generated, read off its manifest."""

from rollouts.dialects.flagger.canary import STRICT
from rollouts.dialects.flagger.generated import Flags, copying_of
from rollouts.model.copying import Front, TwinScaler
from rollouts.model.objects import Json, Ref
from rollouts.model.strategy import PodMetadata
from tests.builders.ticking import a_canary


def a_canary_of(**spec: object) -> Json:
    """A Canary with these fields of its spec."""
    return a_canary(spec=spec)


def test_names_follow_the_target_and_its_service() -> None:
    """The copy is named after the one, the Services after the other."""
    copying = copying_of(a_canary_of(service={"port": 80, "name": "front"}))

    assert copying.copy == Ref("apps/v1", "Deployment", "shop", "web-primary")
    assert (copying.pair.stable_service, copying.pair.canary_service) == ("front-primary", "front-canary")
    assert copying.owner["name"] == "web"


def test_services_are_as_the_manifest_wants_them() -> None:
    """Each field has its place; defaults are Flagger's."""
    service = {
        "port": 80,
        "portName": "grpc",
        "targetPort": 8080,
        "appProtocol": "h2c",
        "portDiscovery": True,
        "headless": True,
        "trafficDistribution": "PreferClose",
        "apex": {"labels": {"a": "1"}, "annotations": {"b": "2"}},
        "unmanagedMetadata": {"labels": ["l"], "annotations": ["n"]},
    }
    front = Front(
        port=80,
        port_name="grpc",
        target_port=8080,
        app_protocol="h2c",
        discovers_ports=True,
        is_headless=True,
        distribution="PreferClose",
        everybodys=PodMetadata({"a": "1"}, {"b": "2"}),
        kept_labels=frozenset({"l"}),
        kept_annotations=frozenset({"n"}),
    )

    assert copying_of(a_canary_of(service=service)).front == front
    assert copying_of(a_canary_of(service={"port": 80})).front == Front(port=80)
    assert copying_of(a_canary_of(service={"port": 80, "targetPort": "http"})).front.target_port == "http"


def test_the_twin_of_an_autoscaler_has_bounds_and_queries_of_its_own() -> None:
    """Absent ones are the user's own."""
    reference = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": "scale"}
    wishes = {"primaryScalerReplicas": {"minReplicas": 2}, "primaryScalerQueries": {"rps": "up"}}

    scaler = copying_of(a_canary_of(autoscalerRef={**reference, **wishes})).scaler

    assert scaler == TwinScaler(Ref("keda.sh/v1alpha1", "ScaledObject", "shop", "scale"), 2, None, {"rps": "up"})
    assert copying_of(a_canary()).scaler is None


def test_the_operator_s_flags_are_for_all() -> None:
    """Labels that tell versions apart, labels that go along, whether configs are tracked."""
    copying = copying_of(a_canary(), Flags(("tier",), ("team/",), tracks_configs=False))

    assert (copying.selector_labels, copying.label_prefixes, copying.tracks_configs) == (("tier",), ("team/",), False)


def test_the_letter_is_asked_for_by_an_annotation() -> None:
    """Of the Canary's own."""
    canary = a_canary()
    canary["metadata"]["annotations"] = {STRICT: "true"}

    assert copying_of(canary).is_literal
    assert not copying_of(a_canary()).is_literal


def test_knative_s_service_holds_both_versions() -> None:
    """Another kind's does not."""
    reference = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "web"}

    assert copying_of(a_canary_of(targetRef=reference)).has_revisions
    assert not copying_of(a_canary_of(targetRef={**reference, "apiVersion": "v1"})).has_revisions
