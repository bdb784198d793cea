"""Which proxy a request takes, by the rules that Go programs have. Pure; called by the HTTP client for each request.

HTTP_PROXY, HTTPS_PROXY and NO_PROXY, or their names in small letters. localhost and loopback addresses are never asked
through a proxy. NO_PROXY holds, with commas: `*`, addresses, networks, and domains; `example.com` stands for itself and
all below it, `.example.com` for those below it only; addresses and domains may have a port. Go's: golang.org/x/net,
http/httpproxy.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from urllib.parse import urlsplit

from analysis.errors import SettingsError
from analysis.reach import Address, address_of

Match = Callable[[str, str, Address | None], bool]
"""Whether host, port and address (None: the host is a name) are reached without a proxy."""

SCHEMES = ("http", "https", "socks5", "socks5h")
_PORTS = {"http": "80", "https": "443"}
_HOST_PORT = re.compile(r"(?:\[(?P<inner>[^\]]*)\]|(?P<host>[^:\[\]]*)):(?P<port>[^:]*)")


@dataclass(frozen=True, slots=True)
class Proxies:
    """The environment's proxies by scheme; empty: none."""

    by_scheme: Mapping[str, str]
    exceptions: tuple[Match, ...] = ()

    def of(self, url: str) -> str:
        """The proxy for a URL; empty: it is asked directly."""
        parts = urlsplit(url)
        proxy = self.by_scheme.get(parts.scheme, "")
        host = (parts.hostname or "").rstrip(" ").lower()
        address = address_of(host)
        if not proxy or host == "localhost" or (address is not None and address.is_loopback):
            return ""
        port = str(parts.port) if parts.port else _PORTS.get(parts.scheme, "")
        return "" if any(matches(host, port, address) for matches in self.exceptions) else proxy


def proxies_in(environ: Mapping[str, str]) -> Proxies:
    """What the environment says. SettingsError for a proxy that is no URL."""
    by_scheme = {scheme: _proxy(f"{scheme.upper()}_PROXY", environ) for scheme in ("http", "https")}
    if environ.get("REQUEST_METHOD"):  # Go: under CGI the variable could be a client's header
        by_scheme["http"] = ""
    exceptions = filter(None, map(_match, _either("NO_PROXY", environ).split(",")))
    return Proxies(by_scheme, tuple(exceptions))


def _either(name: str, environ: Mapping[str, str]) -> str:
    return environ.get(name) or environ.get(name.lower()) or ""


def _proxy(name: str, environ: Mapping[str, str]) -> str:
    value = _either(name, environ)
    if not value:
        return ""
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in SCHEMES and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_good = False
    if not is_good:
        raise SettingsError(f"{name}: {value!r} is no proxy: write it as http://host:port ({', '.join(SCHEMES)})")
    return url


def _match(entry: str) -> Match | None:
    """An entry of NO_PROXY; None for one that means nothing."""
    entry = entry.strip().lower()
    if entry == "*":
        return lambda _host, _port, _address: True
    if "/" in entry:
        found = _network_match(entry)
        if found is not None:
            return found
    host, port = _split(entry)
    address = address_of(host)
    if address is not None:
        return lambda _, asked, other: other == address and port in ("", asked)
    return _domain_match(host, port) if host else None


def _network_match(entry: str) -> Match | None:
    try:
        network = ip_network(entry, strict=False)
    except ValueError:
        return None
    return lambda _host, _port, address: address is not None and address in network


def _split(entry: str) -> tuple[str, str]:
    found = _HOST_PORT.fullmatch(entry)
    return (found["inner"] or found["host"] or "", found["port"]) if found else (entry, "")


def _domain_match(host: str, port: str) -> Match:
    host = host.removeprefix("*") if host.startswith("*.") else host
    bare = "" if host.startswith(".") else host
    suffix = host if host.startswith(".") else f".{host}"
    return lambda asked, at, _: (asked.endswith(suffix) or asked == bare) and port in ("", at)
