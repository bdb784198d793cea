"""Kinds of others that scenarios of Canaries need, with definitions that let everything through. No test in here."""

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Resource
from tests.builders.manifests import an_object

DAEMON_SETS = Resource("apps", "v1", "daemonsets", "DaemonSet")
AUTOSCALERS = Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
SCALED_OBJECTS = Resource("keda.sh", "v1alpha1", "scaledobjects", "ScaledObject")
KNATIVE_SERVICES = Resource("serving.knative.dev", "v1", "services", "Service")
VIRTUAL_SERVICES = Resource("networking.istio.io", "v1beta1", "virtualservices", "VirtualService")


def a_definition(resource: Resource) -> Json:
    """The CustomResourceDefinition of a kind of others: any spec, any status."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": resource.version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {
        "group": resource.group,
        "scope": "Namespaced",
        "names": {"plural": resource.plural, "singular": resource.kind.lower(), "kind": resource.kind},
        "versions": [{**version, "subresources": {"status": {}}}],
    }
    return an_object(kinds.CUSTOM_RESOURCE_DEFINITIONS, f"{resource.plural}.{resource.group}", spec=spec)
