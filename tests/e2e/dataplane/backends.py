"""The HTTP servers in all fake pods: one program, one listening socket for each pod's address. Started by world.

It does what kubelet and application do together. A pod whose containers run starts to listen, and only then becomes
ready (by its readiness gate), as a probe would find it. A pod that is deleted serves on through its preStop, then
closes: no new connection, idle ones at once, the others with their answer. Where no pod listens the kernel refuses.
"""

import asyncio
import signal
import sys
from dataclasses import dataclass, field

from rollouts.cluster import kinds
from rollouts.cluster.client import HttpCluster
from rollouts.cluster.errors import NotFoundError
from rollouts.cluster.informers import Cache, Informer
from rollouts.cluster.login import login
from rollouts.cluster.port import Cluster, Collection, Json, Patch, PatchType, Target

PORT = 8080
GATE = "sluice.dev/listening"
WORK = 0.005
"""Seconds that a request takes."""


class Conversation(asyncio.Protocol):
    """One connection to a pod: requests with a known length, one after the other."""

    def __init__(self, pod: "Pod") -> None:
        self._pod = pod
        self._received = b""
        self._is_busy = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._pod.conversations.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pod.conversations.discard(self)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, is_whole, body = self._received.partition(b"\r\n\r\n")
        if is_whole and not self._is_busy and len(body) >= _length(head):
            self._received = body[_length(head) :]
            self._is_busy = True
            asyncio.get_running_loop().call_later(WORK, self._answer)

    def close(self) -> None:
        """Go, after the answer if one is due."""
        if not self._is_busy:
            self._transport.close()

    def _answer(self) -> None:
        self._is_busy = False
        last = b"connection: close\r\n" if self._pod.is_closing else b""
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n" % len(self._pod.answer)
        self._transport.write(head + last + b"\r\n" + self._pod.answer)
        if self._pod.is_closing:
            self._transport.close()
        else:
            self.data_received(b"")


def _length(head: bytes) -> int:
    """Bytes of the body that belongs to a request's head."""
    fields = (line.partition(b":") for line in head.lower().split(b"\r\n")[1:])
    return next((int(value) for name, _, value in fields if name == b"content-length"), 0)


@dataclass(eq=False)
class Pod:
    """A pod that listens."""

    answer: bytes
    server: asyncio.Server | None = None
    is_closing: bool = False
    conversations: set[Conversation] = field(default_factory=set)

    def close(self) -> None:
        """As a server does that is told to end."""
        self.is_closing = True
        if self.server is not None:
            self.server.close()
        for conversation in tuple(self.conversations):
            conversation.close()


class Pods:
    """All pods that listen, by uid; a listener of the cache of pods."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._pods: dict[str, Pod] = {}
        self._ending: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def saw(self, before: Json | None, after: Json | None) -> None:
        """A pod has changed."""
        uid = str((after or before or {})["metadata"]["uid"])
        if after is None:
            self._end(uid)
        elif after["metadata"].get("deletionTimestamp"):
            if uid not in self._ending:
                self._ending.add(uid)
                asyncio.get_running_loop().call_later(_pre_stop(after), self._end, uid)
        elif uid not in self._pods and _runs(after):
            self._pods[uid] = made = Pod(f"{_version(after)} {after['metadata']['name']}".encode())
            task = asyncio.create_task(self._begin(made, after))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _begin(self, made: Pod, pod: Json) -> None:
        """Listen, then say so."""
        metadata = pod["metadata"]
        made.server = await asyncio.get_running_loop().create_server(
            lambda: Conversation(made), pod["status"]["podIP"], PORT, backlog=1024, reuse_address=True
        )
        gate = {"type": GATE, "status": "True"}
        target = Target(kinds.PODS, metadata["name"], metadata["namespace"], "status")
        try:
            await self._cluster.patch(target, Patch(PatchType.STRATEGIC, {"status": {"conditions": [gate]}}))
        except NotFoundError:
            self._end(metadata["uid"])

    def _end(self, uid: str) -> None:
        pod = self._pods.pop(uid, None)
        if pod is not None:
            pod.close()


def _version(pod: Json) -> str:
    """Its image's tag."""
    return str(pod["spec"]["containers"][0]["image"]).rpartition(":")[2]


def _runs(pod: Json) -> bool:
    """Whether its containers run and it has an address."""
    status = pod.get("status") or {}
    ready = {one["type"] for one in status.get("conditions") or () if one["status"] == "True"}
    return bool(status.get("podIP")) and "ContainersReady" in ready


def _pre_stop(pod: Json) -> float:
    hooks = (container.get("lifecycle") or {} for container in pod["spec"]["containers"])
    return max(float(((hook.get("preStop") or {}).get("sleep") or {}).get("seconds", 0)) for hook in hooks)


async def serve(kubeconfig: str) -> None:
    """Until SIGTERM; says `ready` once the pods are known."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    async with HttpCluster(login(kubeconfig=kubeconfig)) as cluster:
        cache = Cache()
        cache.listen(Pods(cluster).saw)
        informer = Informer(cluster, Collection(kinds.PODS), cache)
        watching = asyncio.create_task(informer.run())
        await informer.synced.wait()
        print("ready", flush=True)
        await told.wait()
        watching.cancel()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
