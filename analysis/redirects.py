"""Where a redirect leads, and what may go along. Pure; called by the HTTP client after every answer.

Readers follow redirects as Go programs do; what changes something is sent on only where the server says that it shall
be sent again. To another host, or from https back to http, go neither credentials nor any header that might be one, and
no body at all.
"""

from dataclasses import replace
from urllib.parse import SplitResult, quote, urlencode, urljoin, urlsplit

from analysis.errors import ProviderError
from analysis.requests import Answer, Http, Pairs, Server

MOST = 10
"""Redirects of one request that are followed."""
_READING = ("GET", "HEAD")
_MOVED = (301, 302, 303, 307, 308)
_SENT_AGAIN = (307, 308)
_HARMLESS = ("accept", "accept-language", "content-type", "user-agent")
_PORTS = {"http": 80, "https": 443}


def url_of(request: Http) -> str:
    """The whole URL of a request."""
    url = request.server.address + request.path
    if not request.params:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(request.params, quote_via=quote)}"


def origin_and_rest(url: str) -> tuple[str, str]:
    """A URL in two: `https://host:port`, with a user if there is one, and what comes after it."""
    parts = urlsplit(url)
    rest = parts.path + (f"?{parts.query}" if parts.query else "")
    return f"{parts.scheme}://{parts.netloc}", rest


def onward(request: Http, answer: Answer) -> Http | None:
    """The request that an answer asks for; None: the answer is the answer. ProviderError for one that is not made."""
    location = answer.headers.get("location")
    if not location or answer.status not in _MOVED:
        return None
    if request.method not in _READING and answer.status not in _SENT_AGAIN:
        return None
    source, target = urlsplit(url_of(request)), urlsplit(urljoin(url_of(request), location))
    if target.scheme not in _PORTS or not target.hostname:
        raise ProviderError(f"{answer.address} redirects to what is no web address: {location:.200}")
    origin, rest = origin_and_rest(target.geturl())
    if _is_same(source, target):
        return replace(request, server=replace(request.server, address=origin), path=rest, params=())
    if request.body:
        raise ProviderError(f"{answer.address} redirects to {origin}, where no body is sent: name that address itself")
    bare = Server(
        origin,
        headers=_harmless(request.server.headers),
        is_insecure=request.server.is_insecure,
        timeout=request.server.timeout,
        proxy=request.server.proxy,
    )
    return Http(bare, request.method, rest, headers=_harmless(request.headers))


def _harmless(headers: Pairs) -> Pairs:
    return tuple((name, value) for name, value in headers if name.lower() in _HARMLESS)


def _is_same(source: SplitResult, target: SplitResult) -> bool:
    """One host and port, or the same host's https."""
    if source.hostname != target.hostname:
        return False
    is_upgrade = (source.scheme, target.scheme) == ("http", "https")
    return is_upgrade or (source.scheme, _port(source)) == (target.scheme, _port(target))


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]
