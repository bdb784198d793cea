"""Sends HTTP requests to metric services, and gives back their answers, whatever their status. Called by ports.

One deadline holds for all of it: tokens, tries, redirects and the last byte. A request is sent again only where it
never reached the server. What cannot be asked is a ProviderError that names the address. Authorization is put on by
http_auth; connections are http_pool's. This module is loaded with the first request, and httpx with it.
"""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpcore
import httpx
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from analysis.errors import NoAnswerError, ProviderError
from analysis.http_auth import Credentials
from analysis.http_pool import Client, Pools
from analysis.outside import Outside
from analysis.proxies import proxies_in
from analysis.redirects import MOST, onward, url_of
from analysis.requests import LARGEST, Answer, Http, Pairs

ATTEMPTS = 3
"""How often a request is sent that never reached its server."""
_BROKEN = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    httpx.HTTPError,
    httpx.InvalidURL,
)
_OURS = ("host", "content-length", "transfer-encoding", "connection", "proxy-authorization")
"""Headers that are not users' to set, as in Go."""
_USUAL: Pairs = (("User-Agent", "sluice"), ("Accept", "*/*"))


class HttpClient:
    """The client. Connections and tokens are kept until `close`."""

    def __init__(self, outside: Outside) -> None:
        self._pools = Pools(outside.reach, proxies_in(outside.environ), outside.environ)
        self._credentials = Credentials(self._sent, outside.environ, outside.clock)

    async def send(self, request: Http) -> Answer:
        """The answer, after redirects. ProviderError where there is none in time, or it is too large."""
        limit = request.server.timeout.total_seconds()
        try:
            async with asyncio.timeout(limit):
                return await self._followed(request)
        except TimeoutError:
            raise NoAnswerError(f"{_told(request)} did not answer within {limit:g} s") from None

    async def close(self) -> None:
        """Close every connection."""
        await self._pools.close()

    async def _followed(self, request: Http) -> Answer:
        asked = request
        for _ in range(MOST + 1):
            answer = await self._credentials.send(asked)
            further = onward(asked, answer)
            if further is None:
                return answer
            asked = further
        raise ProviderError(f"{_told(request)} redirects more than {MOST} times")

    async def _sent(self, request: Http, more: Mapping[str, str]) -> Answer:
        """One request with these headers besides its own, and its answer."""
        address = _told(request)
        client, proxy = self._pools.way_to(url_of(request), request.server)
        again = AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(multiplier=0.1, max=1),
            retry=retry_if_exception_type(httpcore.ConnectError),
            reraise=True,
        )
        try:
            built = client.build_request(
                request.method, url_of(request), headers=_headers(request, more), content=request.body or None
            )
            return await again(_exchanged, client, built, address)
        except _BROKEN as error:
            way = f" through the proxy {_place(proxy)}" if proxy else ""
            raise NoAnswerError(f"{address} cannot be asked{way}: {error or type(error).__name__}") from error


async def _exchanged(client: Client, request: httpx.Request, address: str) -> Answer:
    request.extensions["timeout"] = {}  # one deadline holds for everything
    response = await client.send(request, stream=True)
    try:
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > LARGEST:
                raise ProviderError(f"{address} answered with more than {LARGEST} bytes")
    finally:
        await response.aclose()
    return Answer(response.status_code, bytes(content), dict(response.headers), address)


def _headers(request: Http, more: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """All headers, the last of a name wins. ProviderError for one that no request can carry."""
    pairs = (*_USUAL, *request.server.headers, *request.headers)
    wanted = {name.lower(): (name, value) for name, value in pairs if name.lower() not in _OURS}
    wanted |= {name.lower(): (name, value) for name, value in more.items()}
    for name, value in wanted.values():
        if any(char < " " and char != "\t" for char in value.strip()):  # whose text may be a secret's: it is not told
            raise ProviderError(f"{_told(request)} cannot be asked: header {name} has a line break or the like in it")
    try:
        return [(name.encode("ascii"), value.strip().encode()) for name, value in wanted.values()]
    except UnicodeEncodeError as error:
        raise ProviderError(f"{_told(request)} cannot be asked: {error.object!r} is no name of a header") from error


def _told(request: Http) -> str:
    return _place(request.server.address)


def _place(address: str) -> str:
    """An address as it may be shown: without a user's name and password."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
