"""A real control plane to measure on: started for one measure, with an audit log that says who asked for what.

Programs come from controlplane/build.sh (minutes the first time). The controller under test logs in as a user of its
own, so that its requests can be told from everybody else's.
"""

import asyncio
import json
import os
import shutil
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml

from benchmarks.stopping import to_its_end
from rollouts.cli.shipped import shipped
from rollouts.cluster import kinds
from rollouts.cluster.client import HttpCluster
from rollouts.cluster.errors import AlreadyExistsError, ClusterError
from rollouts.cluster.login import login
from rollouts.cluster.port import Collection, Json
from rollouts.model.errors import RolloutsError

GATEWAY = "sigs.k8s.io/gateway-api@v1.4.0"
UNDER_TEST = "controller-under-test"
_ROOT = Path(__file__).resolve().parent.parent
_PORTS = ("CP_PORT", "CP_ETCD_PORT", "CP_PEER_PORT", "CP_KWOK_PORT")


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the API server saw it; `done` is when it had been answered."""

    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    came: datetime
    done: datetime

    @property
    def title(self) -> str:
        """`patch rollouts/status`."""
        return f"{self.verb} {self.resource}"


class Audit:
    """The API server's audit log, read on from where it was read last."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = 0

    def rest(self) -> list[Request]:
        """All requests since the last call."""
        with self._path.open() as log:
            log.seek(self._place)
            lines = log.readlines()
            self._place = log.tell()
        return [request for line in lines for request in _requests(json.loads(line))]


@dataclass(frozen=True, slots=True)
class Plane:
    """A running control plane. `cluster` is the measurer's own way in, `kubeconfig` the measured program's."""

    cluster: HttpCluster
    kubeconfig: Path
    folder: Path
    audit: Audit
    has_routes: bool


@asynccontextmanager
async def plane(namespaces: tuple[str, ...]) -> AsyncIterator[Plane]:
    """A fresh one, with our CRDs, the Gateway API's where Go can fetch them, and these namespaces."""
    folder = Path(tempfile.mkdtemp(prefix="sluice-bench-plane-"))
    programs = (await _output("controlplane/build.sh")).strip().splitlines()[-1]
    own = {"CP_DIR": str(folder), "CP_AUDIT": "1", "KUBE_BIN": programs, "KUBECTL": _kubectl()}
    environment = {**os.environ, **own, **_free_ports()}
    try:
        await to_its_end(_output("controlplane/controlplane.sh", "up", environment=environment))
        async with HttpCluster(login(kubeconfig=str(folder / "kubeconfig"))) as cluster:
            has_routes = await _prepare(cluster, namespaces)
            yield Plane(cluster, folder / "controller.kubeconfig", folder, Audit(folder / "audit.log"), has_routes)
    finally:
        await _output("controlplane/controlplane.sh", "down", environment=environment)
        shutil.rmtree(folder, ignore_errors=True)


def by_title(requests: list[Request]) -> Counter[str]:
    """How many of each verb and resource."""
    return Counter(request.title for request in requests)


async def _prepare(cluster: HttpCluster, namespaces: tuple[str, ...]) -> bool:
    files = sorted(shipped("crds").glob("*.yaml"))
    routes = await _gateway_definitions()
    for file in (*files, *routes):
        for body in yaml.safe_load_all(file.read_text()):
            with suppress(AlreadyExistsError):
                await cluster.create(Collection(kinds.CUSTOM_RESOURCE_DEFINITIONS), body)
    for name in namespaces:
        await cluster.create(Collection(kinds.NAMESPACES), {"metadata": {"name": name}})
    for resource in (kinds.ROLLOUTS, kinds.KUSTOMIZATIONS, *([kinds.HTTP_ROUTES] if routes else [])):
        await _served(cluster, Collection(resource, namespaces[0]))
    return bool(routes)


async def _served(cluster: HttpCluster, collection: Collection) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                await cluster.list(collection)
            except ClusterError:
                await asyncio.sleep(0.1)  # nothing tells when a definition begins to be served
            else:
                return


async def _gateway_definitions() -> list[Path]:
    go = shutil.which("go")
    if go is None:
        return []
    told = json.loads(await _output(go, "mod", "download", "-json", GATEWAY))
    return [Path(told["Dir"]) / "config" / "crd" / "standard" / "gateway.networking.k8s.io_httproutes.yaml"]


async def _output(*command: str, environment: Mapping[str, str] | None = None) -> str:
    process = await asyncio.create_subprocess_exec(*command, cwd=_ROOT, env=environment, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    if process.returncode:
        raise RolloutsError(f"{' '.join(command)} failed with {process.returncode}: see its output above")
    return output.decode()


def _kubectl() -> str:
    beside = Path(sys.executable).parent / "kubectl"
    return str(beside) if beside.exists() else "kubectl"


def _free_ports() -> dict[str, str]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in _PORTS]
    numbers = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return dict(zip(_PORTS, numbers, strict=True))


def _requests(line: Json) -> Iterator[Request]:
    """A line of the log as a request; a watch counts when it begins, all else when it is answered."""
    is_watch = line["verb"] == "watch"
    if line["stage"] != ("ResponseStarted" if is_watch else "ResponseComplete"):
        return
    ref = line.get("objectRef") or {}
    resource = "/".join(part for part in (ref.get("resource"), ref.get("subresource")) if part)
    yield Request(
        user=line["user"]["username"],
        verb=line["verb"],
        resource=resource or line["requestURI"].partition("?")[0],
        namespace=ref.get("namespace", ""),
        name=ref.get("name", ""),
        came=datetime.fromisoformat(line["requestReceivedTimestamp"]),
        done=datetime.fromisoformat(line["stageTimestamp"]),
    )
