"""Envoy fed from our objects: HTTPRoutes become routes, Services clusters, EndpointSlices endpoints. Called by world.

A control plane for Envoy in miniature, which knows of a route what the scenarios' routes say: hosts, and weights of its
last rule. Files are moved into place, endpoints before clusters before routes: nothing leads to what is not there.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from rollouts.cluster import kinds
from rollouts.cluster.informers import Cache, Informer
from rollouts.cluster.port import Cluster, Collection, Json
from rollouts.controller.caches import service_of

_KINDS = "type.googleapis.com/envoy.config"
_CONNECTIONS = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"


def bootstrap(folder: Path, port: int) -> Json:
    """What Envoy starts with: one listener, everything else from the folder."""
    routes = {"route_config_name": "all", "config_source": _source(folder / "rds.json")}
    filters = [{"name": "router", "typed_config": {"@type": _ROUTER}}]
    manager = {"@type": _CONNECTIONS, "stat_prefix": "web", "rds": routes, "http_filters": filters}
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    listener = {"name": "web", "address": _address("127.0.0.1", port), "filter_chains": [chain]}
    return {
        "node": {"id": "gateway", "cluster": "gateway"},
        "static_resources": {"listeners": [listener]},
        "dynamic_resources": {"cds_config": _source(folder / "cds.json")},
    }


@asynccontextmanager
async def feeding(cluster: Cluster, folder: Path) -> AsyncIterator[None]:
    """The files follow the objects while this lasts."""
    feed = _Feed(folder)
    informers = [Informer(cluster, Collection(kind), cache) for kind, cache in feed.caches.items()]
    watching = [asyncio.create_task(informer.run()) for informer in informers]
    try:
        for informer in informers:
            await informer.synced.wait()
        feed.write()
        for cache in feed.caches.values():
            cache.listen(lambda _before, _after: feed.write())
        yield
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)


class _Feed:
    """The files, as the objects were last seen."""

    def __init__(self, folder: Path) -> None:
        self.caches = {kind: Cache() for kind in (kinds.HTTP_ROUTES, kinds.ENDPOINT_SLICES)}
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._written: dict[str, str] = {}

    def write(self) -> None:
        """What has changed, in this order."""
        hosts = [_host(route) for route in self.caches[kinds.HTTP_ROUTES]]
        names = sorted({name for host in hosts for name in _clusters_of(host)})
        for name in names:
            self._put(f"{name}.json", [self._endpoints(name)])
        self._put("cds.json", [self._cluster(name) for name in names])
        routes = {"@type": f"{_KINDS}.route.v3.RouteConfiguration", "name": "all", "virtual_hosts": hosts}
        self._put("rds.json", [routes])

    def _put(self, name: str, resources: list[Json]) -> None:
        text = json.dumps({"resources": resources})
        if self._written.get(name) != text:
            self._written[name] = text
            new = self._folder / f"{name}.new"
            new.write_text(text)
            os.replace(new, self._folder / name)

    def _cluster(self, name: str) -> Json:
        source = {"eds_config": _source(self._folder / f"{name}.json"), "service_name": name}
        kind = f"{_KINDS}.cluster.v3.Cluster"
        return {"@type": kind, "name": name, "type": "EDS", "eds_cluster_config": source, "connect_timeout": "1s"}

    def _endpoints(self, name: str) -> Json:
        slices = [one for one in self.caches[kinds.ENDPOINT_SLICES] if "_".join(service_of(one)) == name]
        found = [{"endpoint": {"address": address}} for one in slices for address in _ready(one)]
        kind = f"{_KINDS}.endpoint.v3.ClusterLoadAssignment"
        return {"@type": kind, "cluster_name": name, "endpoints": [{"lb_endpoints": found}]}


def _host(route: Json) -> Json:
    """A virtual host, as the route's last rule weighs its backends."""
    namespace, name = route["metadata"]["namespace"], route["metadata"]["name"]
    backends = route["spec"]["rules"][-1]["backendRefs"]
    clusters = [{"name": f"{namespace}_{one['name']}", "weight": one.get("weight", 1)} for one in backends]
    action = {"weighted_clusters": {"clusters": clusters}}
    everything = {"match": {"prefix": "/"}, "route": action}
    return {"name": f"{namespace}_{name}", "domains": route["spec"]["hostnames"], "routes": [everything]}


def _clusters_of(host: Json) -> Iterator[str]:
    for route in host["routes"]:
        yield from (one["name"] for one in route["route"]["weighted_clusters"]["clusters"])


def _ready(endpoint_slice: Json) -> Iterator[Json]:
    """Addresses that may be led to, with the port."""
    for port in endpoint_slice.get("ports") or ():
        for endpoint in endpoint_slice.get("endpoints") or ():
            if (endpoint.get("conditions") or {}).get("ready") is not False:
                yield _address(endpoint["addresses"][0], port["port"])


def _address(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}


def _source(path: Path) -> Json:
    return {"resource_api_version": "V3", "path_config_source": {"path": str(path)}}
