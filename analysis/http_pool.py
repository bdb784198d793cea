"""Connections of the HTTP client: one pool for each way out, which is TLS as told, and a proxy or none.

Called by http_client. Without a proxy names are resolved here, and each address is judged before anything is sent to
it, so what is judged is what is connected to. The operator's proxy is never judged, a user's is; behind either only the
names of hosts can be. Certificates are trusted as Go programs do it: the system's, and those of SSL_CERT_FILE and
SSL_CERT_DIR. Nothing of an answer is remembered: cookies are not kept.
"""

import asyncio
import contextlib
import select
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, NamedTuple

import certifi
import httpcore
import httpx

from analysis.errors import ProviderError, SettingsError
from analysis.http_reuse import Reuse
from analysis.names import Names
from analysis.proxies import Proxies
from analysis.reach import Address, Reach, address_of
from analysis.requests import Server

Client = httpx.AsyncClient  # noqa: TID251  # this is the place

CONNECTIONS = 1000
"""Of one way out, in all. It is asking that bounds them, for each address: many that hang leave room for others."""
AT_LEAST = 64 * 1024
"""Bytes that are sent without waiting for more."""
IDLE_SECONDS = 90.0
"""How long a connection is kept for the next request: longer than the usual interval of a metric."""


class _Way(NamedTuple):
    """How a client goes out. `is_users`: through a proxy that a user named, which is judged like any other address."""

    is_insecure: bool
    is_users: bool


class Pools:
    """The clients of all ways out, each made when it is first needed."""

    def __init__(self, reach: Reach, proxies: Proxies, environ: Mapping[str, str]) -> None:
        self._reach = reach
        self._proxies = proxies
        self._environ = environ
        self._clients: dict[tuple[_Way, str], Client] = {}
        self._names = Names()

    def way_to(self, url: str, server: Server) -> tuple[Client, str]:
        """The client for a URL, and the proxy that it goes through. ProviderError where that is refused."""
        proxy, way = server.proxy or self._proxies.of(url), _Way(server.is_insecure, bool(server.proxy))
        if proxy:
            host = httpx.URL(url).host
            refused = self._reach.refusal(host, _as_proxies_read(host))
            if refused:
                raise ProviderError(refused)
        if (way, proxy) not in self._clients:
            self._clients[way, proxy] = self._opened(proxy, way)
        return self._clients[way, proxy], proxy

    async def close(self) -> None:
        """Close every connection."""
        clients, self._clients = tuple(self._clients.values()), {}
        for client in clients:
            await client.aclose()
        self._names.close()

    def _opened(self, proxy: str, way: _Way) -> Client:
        tls = tls_context(self._environ, is_insecure=way.is_insecure)
        if proxy:
            judged = _Judged(self._reach, self._names) if way.is_users else None
            pool = _through(proxy, tls, tls_context(self._environ, is_insecure=False), judged)
        else:
            pool = httpcore.AsyncConnectionPool(
                ssl_context=tls,
                keepalive_expiry=IDLE_SECONDS,
                network_backend=_Judged(self._reach, self._names),
            )
        client = Client(transport=_Transport(Reuse(pool.create_connection, CONNECTIONS)), trust_env=False)
        client.cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))
        return client


def _as_proxies_read(host: str) -> Address | None:
    """A host as an address, also in the forms of old (0xa9fea9fe) that a proxy may take for one."""
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return address_of(host)


def _through(
    proxy: str, tls: ssl.SSLContext, proxy_tls: ssl.SSLContext, network: httpcore.AsyncNetworkBackend | None
) -> httpcore.AsyncConnectionPool:
    told = httpx.Proxy(proxy)
    if told.url.scheme.startswith("socks5"):
        try:
            return httpcore.AsyncSOCKSProxy(
                proxy_url=str(told.url),
                proxy_auth=told.raw_auth,
                ssl_context=tls,
                network_backend=network,
            )
        except (ImportError, RuntimeError) as error:
            raise ProviderError(
                f"the proxy {told.url} speaks SOCKS, for which the package socksio is needed"
            ) from error
    return httpcore.AsyncHTTPProxy(
        proxy_url=str(told.url),
        proxy_auth=told.raw_auth,
        ssl_context=tls,
        proxy_ssl_context=proxy_tls if told.url.scheme == "https" else None,
        keepalive_expiry=IDLE_SECONDS,
        network_backend=network,
    )


def tls_context(environ: Mapping[str, str], *, is_insecure: bool) -> ssl.SSLContext:
    """Whom to trust. SettingsError where SSL_CERT_FILE cannot be read."""
    context = ssl.create_default_context()
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # Go does not ask so much of private authorities
    if is_insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    paths = ssl.get_default_verify_paths()
    if not (paths.cafile or paths.capath):  # an image without certificates of its own
        context.load_verify_locations(certifi.where())
    file = environ.get("SSL_CERT_FILE")
    if file:
        try:
            context.load_verify_locations(file)
        except OSError as error:
            raise SettingsError(f"SSL_CERT_FILE: {file} cannot be read as certificates: {error}") from error
    for folder in filter(None, environ.get("SSL_CERT_DIR", "").split(":")):
        _trust_folder(context, Path(folder))
    return context


def _trust_folder(context: ssl.SSLContext, folder: Path) -> None:
    """Every file of it, whatever its name; what holds no certificate is passed over, as Go does."""
    files = sorted(folder.iterdir()) if folder.is_dir() else ()
    for file in files:
        with contextlib.suppress(OSError):
            context.load_verify_locations(file)


class _Judged(httpcore.AsyncNetworkBackend):
    """Connects only to addresses that may be asked."""

    def __init__(self, reach: Reach, names: Names) -> None:
        self._reach = reach
        self._names = names
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the library's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address of a host that may be asked and answers."""
        failed: Exception = ProviderError(f"{host} has no address")
        for address in await self._found(host, port):
            refused = self._reach.refusal(host, address)
            if refused:
                failed = ProviderError(refused)
                continue
            try:
                return _Stream(
                    await self._inner.connect_tcp(str(address), port, timeout, local_address, socket_options)
                )
            except httpcore.ConnectError as error:
                failed = error
        raise failed

    async def _found(self, host: str, port: int) -> list[Address]:
        try:
            return await self._names.addresses(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved: {error.strerror or error}") from error

    async def sleep(self, seconds: float) -> None:
        """Between the library's own attempts."""
        await asyncio.sleep(seconds)


class _Stream(httpcore.AsyncNetworkStream):
    """A connection for many small requests.

    It tells quickly whether something has arrived: a pool asks that of all idle ones each time. Head and body of a
    request go in one piece, when the answer is waited for.
    """

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._socket = inner.get_extra_info("socket")
        self._ahead = bytearray()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # the interface
        """Bytes that have come. A server may refuse a request and take no more of it: its answer counts."""
        with contextlib.suppress(httpcore.WriteError):
            await self._flush(timeout)
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  # the interface
        """Bytes that go, at the latest with the next look for an answer."""
        self._ahead += buffer
        if len(self._ahead) > AT_LEAST:
            await self._flush(timeout)

    async def _flush(self, seconds: float | None) -> None:
        if self._ahead:
            going, self._ahead = bytes(self._ahead), bytearray()
            await self._inner.write(going, seconds)

    async def aclose(self) -> None:
        """No more of either."""
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # the library's interface
    ) -> httpcore.AsyncNetworkStream:
        """The same connection, encrypted."""
        await self._flush(timeout)
        return _Stream(await self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """What is known of the connection."""
        return _is_readable(self._socket.fileno()) if info == "is_readable" else self._inner.get_extra_info(info)


def _is_readable(number: int) -> bool:
    """Whether there is something to read from a socket, or nothing any more."""
    if number < 0:
        return True
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))


class _Transport(httpx.AsyncBaseTransport):
    """Connections of ours as httpx wants them; errors stay httpcore's."""

    def __init__(self, pool: Reuse) -> None:
        self._pool = pool

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass it on, and its answer back."""
        assert isinstance(request.stream, httpx.AsyncByteStream)  # as an AsyncClient makes it
        url = request.url
        answer = await self._pool.handle_async_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._answer.aiter_stream():
            yield part

    async def aclose(self) -> None:
        await self._answer.aclose()
