"""Traffic routers that a canary may name. One function a router."""

from tools.crds.schema import (
    Schema,
    array,
    boolean,
    free_object,
    integer,
    named,
    obj,
    string,
    string_map,
    strings,
)


def virtual_service() -> Schema:
    """An Istio VirtualService and which of its routes count."""
    port = integer("Port of the route.", 64)
    fields = {
        "name": string("Name, or name.namespace."),
        "routes": strings("HTTP routes; may be absent if there is only one."),
        "tlsRoutes": array(
            "TLS routes.", obj("One route.", {"port": port, "sniHosts": strings("Server names of the route.")})
        ),
        "tcpRoutes": array("TCP routes.", obj("One route.", {"port": port})),
    }
    return obj("One VirtualService.", fields, ["name"])


def istio() -> Schema:
    """Istio: VirtualServices, or subsets of a DestinationRule."""
    rule = {
        "name": string("Name of the DestinationRule."),
        "canarySubsetName": string("Subset of the new version."),
        "stableSubsetName": string("Subset of the stable version."),
        "additionalSubsetNames": strings("Further subsets that follow the versions."),
    }
    fields = {
        "virtualService": virtual_service(),
        "virtualServices": array("Several VirtualServices.", virtual_service()),
        "destinationRule": obj("Splits by subsets.", rule, ["name", "canarySubsetName", "stableSubsetName"]),
    }
    return obj("Routes by Istio.", fields)


def nginx() -> Schema:
    """ingress-nginx: a canary Ingress beside the stable one."""
    fields = {
        "stableIngress": string("Ingress of the stable Service."),
        "stableIngresses": strings("Several of them."),
        "annotationPrefix": string("Prefix of the annotations (nginx.ingress.kubernetes.io if absent)."),
        "additionalIngressAnnotations": string_map("Annotations of the canary Ingress, prefixed."),
        "canaryIngressAnnotations": string_map("Annotations of the canary Ingress, as they are."),
    }
    return obj("Routes by ingress-nginx.", fields)


def alb() -> Schema:
    """AWS load balancer controller: a forward action of an Ingress."""
    sticky = {
        "enabled": boolean("Whether it is on."),
        "durationSeconds": integer("Seconds from 1 to 604800.", 64),
    }
    fields = {
        "ingress": string("Ingress of the root Service."),
        "ingresses": strings("Several of them."),
        "servicePort": integer("Port of the Services."),
        "rootService": string("Service that the Ingress names."),
        "annotationPrefix": string("Prefix of the annotations (alb.ingress.kubernetes.io if absent)."),
        "stickinessConfig": obj("Stickiness of clients.", sticky, ["enabled", "durationSeconds"]),
    }
    return obj("Routes by an AWS load balancer.", fields, ["servicePort"])


def app_mesh() -> Schema:
    """AWS App Mesh."""
    nodes = {
        "canaryVirtualNodeRef": named("Node of the new version.", "Name of the VirtualNode."),
        "stableVirtualNodeRef": named("Node of the stable version.", "Name of the VirtualNode."),
    }
    service = {"name": string("Name of the VirtualService."), "routes": strings("Routes of its router.")}
    fields = {
        "virtualService": obj("The VirtualService.", service),
        "virtualNodeGroup": obj("The VirtualNodes.", nodes),
    }
    return obj("Routes by AWS App Mesh.", fields)


def small_routers() -> dict[str, Schema]:
    """Routers of one or two fields."""
    split = {"rootService": string("Service that clients use."), "trafficSplitName": string("Name of the split.")}
    route = {"name": string("Name of the ApisixRoute."), "rules": strings("Rules of the route.")}
    return {
        "smi": obj("Routes by an SMI TrafficSplit.", split),
        "ambassador": obj("Routes by Ambassador.", {"mappings": strings("Names of the Mappings.")}, ["mappings"]),
        "traefik": obj(
            "Routes by Traefik.",
            {"weightedTraefikServiceName": string("Name of the TraefikService.")},
            ["weightedTraefikServiceName"],
        ),
        "apisix": obj("Routes by APISIX.", {"route": obj("The ApisixRoute.", route, ["name"])}),
    }


def routing() -> Schema:
    """All routers, and what they share."""
    fields = {
        "managedRoutes": array(
            "Routes that steps may write, the strongest first.", named("One route.", "Name of the route.")
        ),
        "maxTrafficWeight": integer("What all weights sum to (100 if absent)."),
        "istio": istio(),
        "nginx": nginx(),
        "alb": alb(),
        "appMesh": app_mesh(),
        "plugins": free_object("Settings of router plugins, by the plugin's name (Gateway API is one)."),
        **small_routers(),
    }
    return obj("Splits requests instead of pods.", fields)
