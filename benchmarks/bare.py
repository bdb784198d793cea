"""The yardstick: watch Rollouts, decode, hash the template, PATCH the status. Nothing is decided, nothing is kept.

`python -m benchmarks.bare KUBECONFIG NAMESPACE` runs as a process of its own, with the controller's own libraries, as
the least that any controller in Python has to spend on an object that changed. An event whose status already carries
the template's hash is the echo of our own write; it is decoded and dropped.
"""

import asyncio
import hashlib
import sys

import aiohttp
import msgspec

from rollouts.cluster.login import Credentials, login
from rollouts.cluster.port import Json

_IN_FLIGHT = 16
_MERGE = {"Content-Type": "application/merge-patch+json", "Accept": "application/json"}
_SESSION = aiohttp.ClientSession  # noqa: TID251  # the yardstick is to be free of our own client


async def follow(credentials: Credentials, namespace: str) -> None:
    """Answer every change with a PATCH, until cancelled."""
    path = f"{credentials.server}/apis/argoproj.io/v1alpha1/namespaces/{namespace}/rollouts"
    forever = aiohttp.ClientTimeout(total=None)
    room = asyncio.Semaphore(_IN_FLIGHT)
    connector = aiohttp.TCPConnector(limit=0, ssl=credentials.tls if credentials.tls is not None else True)
    async with (
        _SESSION(timeout=forever, connector=connector, headers=credentials.headers()) as session,
        asyncio.TaskGroup() as group,
    ):
        async with session.get(path) as listed:
            version = msgspec.json.decode(await listed.read())["metadata"]["resourceVersion"]
        print("ready", flush=True)
        async with session.get(path, params={"watch": "true", "resourceVersion": version}) as stream:
            async for line in stream.content:
                obj = msgspec.json.decode(line)["object"]
                digest = _digest(obj)
                if obj.get("status", {}).get("currentPodHash") != digest:
                    await room.acquire()
                    group.create_task(_write(session, f"{path}/{obj['metadata']['name']}/status", digest, obj, room))


def _digest(obj: Json) -> str:
    return hashlib.sha1(msgspec.json.encode(obj["spec"]["template"]), usedforsecurity=False).hexdigest()[:10]


async def _write(
    session: aiohttp.ClientSession,  # noqa: TID251  # as above
    url: str,
    digest: str,
    obj: Json,
    room: asyncio.Semaphore,
) -> None:
    try:
        body = {"status": _status(digest, obj)}
        async with session.patch(url, data=msgspec.json.encode(body), headers=_MERGE) as answer:
            msgspec.json.decode(await answer.read())
    finally:
        room.release()


def _status(digest: str, obj: Json) -> Json:
    """About as much as a controller's ordinary status patch: 350 bytes."""
    condition = {
        "type": "Progressing",
        "status": "True",
        "reason": "ReplicaSetUpdated",
        "message": f'ReplicaSet "{obj["metadata"]["name"]}-{digest}" is progressing.',
        "lastTransitionTime": "2025-01-01T00:00:00Z",
    }
    return {
        "currentPodHash": digest,
        "observedGeneration": str(obj["metadata"]["generation"]),
        "replicas": 1,
        "updatedReplicas": 1,
        "conditions": [condition],
    }


if __name__ == "__main__":
    asyncio.run(follow(login(kubeconfig=sys.argv[1]), sys.argv[2]))
