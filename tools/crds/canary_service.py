"""spec.service of a Canary: the Services that are made, and what each mesh or gateway is told beside their weights."""

from tools.crds.schema import (
    Schema,
    array,
    boolean,
    int_or_string,
    integer,
    number,
    obj,
    pod_metadata,
    string,
    string_map,
    strings,
)

ISTIO_MATCH = ("exact", "prefix", "regex")
SPREADS = ["PreferClose", "PreferSameZone", "PreferSameNode"]


def text_match(description: str, ways: tuple[str, ...] = ISTIO_MATCH) -> Schema:
    """A text by one of several comparisons."""
    return obj(description, {way: string(f"The text by {way}.") for way in ways})


def text_matches(description: str, ways: tuple[str, ...] = ISTIO_MATCH) -> Schema:
    """Such texts by name."""
    return {"description": description, "type": "object", "additionalProperties": text_match("One of them.", ways)}


def matches() -> Schema:
    """Which requests the route takes."""
    fields = {
        "name": string("Name of the match."),
        "uri": text_match("Path of the request."),
        "scheme": text_match("Scheme of the request."),
        "method": text_match("Method of the request."),
        "authority": text_match("Host of the request."),
        "headers": text_matches("Headers of the request."),
        "withoutHeaders": text_matches("Headers that it must not have."),
        "queryParams": text_matches("Query parameters of the request."),
        "port": integer("Port that it came to."),
        "sourceLabels": string_map("Labels of the workload that calls (Istio)."),
        "sourceNamespace": string("Namespace of the workload that calls (Istio)."),
        "gateways": strings("Gateways that it came by (Istio)."),
        "ignoreUriCase": boolean("Letters of the path match in either case."),
    }
    return array("Requests that the route takes.", obj("One match.", fields))


def headers() -> Schema:
    """Changes of headers, both ways."""
    change = {
        "add": string_map("Headers that are added."),
        "set": string_map("Headers that are set."),
        "remove": strings("Headers that are removed."),
    }
    sides = {"request": obj("Of requests.", change), "response": obj("Of responses.", change)}
    return obj("Changes of headers.", sides)


def gateway_refs() -> Schema:
    """The Gateways that an HTTPRoute hangs on."""
    fields = {
        "group": string("API group (gateway.networking.k8s.io if absent)."),
        "kind": string("Kind (Gateway if absent)."),
        "name": string("Its name."),
        "namespace": string("Its namespace."),
        "sectionName": string("One of its listeners."),
        "port": integer("Port of a listener."),
    }
    return array("Gateways that the HTTPRoute hangs on.", obj("One Gateway.", fields, ["name"]))


def mirrors() -> Schema:
    """Copies of requests that have nothing to do with the analysis."""
    fields = {
        "group": string("API group (core if absent)."),
        "kind": string("Kind (Service if absent)."),
        "name": string("Its name."),
        "namespace": string("Its namespace."),
        "port": integer("Its port."),
    }
    one = obj("One receiver.", {"backendRef": obj("Who gets the copies.", fields, ["name"])}, ["backendRef"])
    return array("Others that get copies of all requests (Gateway API).", one)


def cors() -> Schema:
    """Which pages of other origins may call."""
    fields = {
        "allowCredentials": boolean("Cookies and the like may come along."),
        "allowHeaders": strings("Headers that may be sent."),
        "allowMethods": strings("Methods that may be used."),
        "allowOrigin": strings("Origins, in Istio's older form."),
        "allowOrigins": array("Origins that may call.", text_match("One origin.")),
        "exposeHeaders": strings("Headers of the response that scripts may read."),
        "maxAge": string("How long a browser may keep the answer."),
    }
    return obj("Which pages of other origins may call.", fields)


def connection_pool() -> Schema:
    """Istio's limits on connections."""
    fields = {
        "h2UpgradePolicy": string("Whether HTTP/1.1 becomes HTTP/2.", enum=["DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"]),
        "http1MaxPendingRequests": integer("Requests of HTTP/1.1 that may wait."),
        "http2MaxRequests": integer("Requests of HTTP/2 under way at once."),
        "maxRequestsPerConnection": integer("Requests of one connection."),
        "maxRetries": integer("Retries under way at once."),
        "idleTimeout": string("Time after which an idle connection is closed."),
    }
    return obj("Limits on connections.", {"http": obj("Of HTTP.", fields)})


def load_balancer() -> Schema:
    """How Istio chooses an endpoint."""
    cookie = {"name": string("Its name."), "path": string("Its path."), "ttl": string("Its lifetime.")}
    consistent = {
        "httpCookie": obj("By a cookie.", cookie),
        "httpHeaderName": string("By a header."),
        "httpQueryParameterName": string("By a query parameter."),
        "minimumRingSize": integer("Least number of places on the ring.", 64),
        "useSourceIp": boolean("By the caller's address."),
    }
    shares = {
        "description": "Percentages by locality.",
        "type": "object",
        "additionalProperties": {"type": "integer"},
    }
    locality = {
        "distribute": array(
            "Shares of localities.", obj("One rule.", {"from": string("Where callers are."), "to": shares})
        ),
        "enabled": boolean("Whether localities count."),
        "failover": array(
            "Where to go instead.", obj("One rule.", {"from": string("A region."), "to": string("Its stand-in.")})
        ),
    }
    fields = {
        "simple": string("A plain way.", enum=["ROUND_ROBIN", "LEAST_CONN", "RANDOM", "PASSTHROUGH", "LEAST_REQUEST"]),
        "consistentHash": obj("The same endpoint for the same key.", consistent),
        "localityLbSetting": obj("Nearness of endpoints.", locality),
        "warmupDurationSecs": string("How long a new endpoint gets less."),
    }
    return obj("How an endpoint is chosen.", fields)


def outliers() -> Schema:
    """When Istio leaves an endpoint out for a while."""
    fields = {
        "consecutive5xxErrors": integer("Answers of 500 and above in a row."),
        "consecutiveErrors": integer("Errors in a row, in Istio's older form."),
        "consecutiveGatewayErrors": integer("Answers of 502, 503 and 504 in a row."),
        "consecutiveLocalOriginFailures": integer("Failures of our own side in a row."),
        "maxEjectionPercent": integer("Most endpoints that are left out, in percent."),
        "minHealthPercent": integer("Healthy endpoints below which nothing is left out, in percent."),
        "splitExternalLocalOriginErrors": boolean("Errors of our own side count apart."),
        "baseEjectionTime": string("How long one is left out at least."),
        "interval": string("How often this is looked at."),
    }
    return obj("When an endpoint is left out for a while.", fields)


def traffic_policy() -> Schema:
    """What both DestinationRules get."""
    tls = {
        "mode": string("Kind of TLS.", enum=["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"]),
        "caCertificates": string("File of the authorities."),
        "clientCertificate": string("File of our certificate."),
        "privateKey": string("File of our key."),
        "sni": string("Name that is asked for."),
        "subjectAltNames": strings("Names that the other side may have."),
    }
    fields = {
        "connectionPool": connection_pool(),
        "loadBalancer": load_balancer(),
        "outlierDetection": outliers(),
        "tls": obj("TLS towards the pods.", tls),
    }
    return obj("Istio's policy for both versions.", fields)


def service() -> Schema:
    """The Services, and the route that leads to them."""
    rewrite = {
        "uri": string("The new path."),
        "authority": string("The new host."),
        "type": string("ReplaceFullPath (if absent) or ReplacePrefixMatch."),
    }
    retries = {
        "attempts": integer("How often a request is tried again."),
        "perTryTimeout": string("Time for one try."),
        "retryOn": string("When it is tried again."),
    }
    unmanaged = {"labels": strings("Keys of labels."), "annotations": strings("Keys of annotations.")}
    fields = {
        "name": string("Name of the Service that everybody calls (the target's if absent)."),
        "port": number("Port of the Services."),
        "portName": string("Name of the port (http if absent)."),
        "targetPort": int_or_string("Port of the pods (port if absent)."),
        "appProtocol": string("Application protocol of the port."),
        "portDiscovery": boolean("Adds all other ports of the containers."),
        "headless": boolean("The Services have no address of their own."),
        "trafficDistribution": string("Which endpoints are preferred.", enum=SPREADS),
        "timeout": string("Time for a request."),
        "backendTimeout": string("Time for one try at a pod (Gateway API)."),
        "meshName": string("Name of the mesh (App Mesh)."),
        "backends": strings("Services that the pods call (App Mesh)."),
        "hosts": strings("Host names."),
        "delegation": boolean("The VirtualService is one that others delegate to."),
        "gateways": strings("Istio's gateways (mesh if absent)."),
        "gatewayRefs": gateway_refs(),
        "match": matches(),
        "rewrite": obj("Changes path or host of requests.", rewrite),
        "retries": obj("Tries requests again.", retries),
        "headers": headers(),
        "mirror": mirrors(),
        "corsPolicy": cors(),
        "trafficPolicy": traffic_policy(),
        "apex": pod_metadata("Metadata of the Service that everybody calls, and of the route."),
        "primary": pod_metadata("Metadata of the primary's Service."),
        "canary": pod_metadata("Metadata of the canary's Service."),
        "unmanagedMetadata": obj("Metadata of the Services that is left alone.", unmanaged),
    }
    return obj("The Services, and how requests reach them.", fields, ["port"])
