"""What lies outside: servers that note what they are asked, a forward proxy, certificates. All on loopback."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from analysis.http_client import HttpClient
from analysis.outside import Outside
from analysis.reach import Reach
from tests.builders.servers import serving

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answering(handler: Handler) -> AbstractAsyncContextManager[str]:
    """A server that answers everything by one function."""
    app = web.Application(client_max_size=2**20)
    app.router.add_route("*", "/{path:.*}", handler)
    return serving(app)


@asynccontextmanager
async def a_client(environ: Mapping[str, str] | None = None, reach: Reach | None = None) -> AsyncIterator[HttpClient]:
    """The real client, with this environment and no other."""
    client = HttpClient(Outside(reach or Reach(), environ or {}))
    try:
        yield client
    finally:
        await client.close()


def certificate_for(name: str, folder: Path) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-days", "2"]
    subprocess.run([*command, "-out", str(paths[0]), "-keyout", str(paths[1])], check=True, capture_output=True)
    return paths


@dataclass
class Proxy:
    """A forward proxy for http and, by CONNECT, for https. It reaches every host at one place, and notes the wishes."""

    behind: int
    url: str = ""
    asked: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until one side has enough."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            writer.close()
            return
        line, _, rest = head.partition(b"\r\n")
        method, target, version = line.split(b" ")
        self.asked.append(f"{method.decode()} {target.decode()}")
        self.heads.append(rest.decode())
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.behind)
        if method == b"CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = b"/" + target.split(b"/", 3)[3]
            there_writer.write(b" ".join((method, path, version)) + b"\r\nConnection: close\r\n" + rest)
        await asyncio.gather(_pumped(reader, there_writer), _pumped(there_reader, writer))


async def _pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


@asynccontextmanager
async def a_proxy(to: str) -> AsyncIterator[Proxy]:
    """The proxy on a free port; whatever it is asked for is fetched from this URL's server."""
    proxy = Proxy(int(to.rpartition(":")[2]))
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        await proxy.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
