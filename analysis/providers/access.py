"""How a metric's server is reached: address, headers, authentication, TLS and time, as settings write them. Pure.

Shared by the providers whose settings have them in common. One way of authentication is allowed; an empty one, as
templates often carry, counts as absent.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from analysis.errors import SettingsError
from analysis.providers.reading import Fields
from analysis.requests import Auth, Basic, OAuth2, Pairs, Server, SigV4

_SERVICES = {"aps-workspaces": "aps", "lambda-url": "lambda", "aoss": "aoss", "es": "es"}
"""AWS services whose addresses call them otherwise, by the part of the address before the region."""
_AMAZON = (".amazonaws.com", ".amazonaws.com.cn", ".on.aws")
_ANY_SERVICE = "execute-api"
_SIGNED_FOR = ("aoss", "aps", "es", "execute-api", "lambda", "monitoring")
"""Services that are asked for metrics. The keys are the controller's: with them others could be made to do anything."""
MANAGED_PROMETHEUS = "aps-workspaces"


def server_of(fields: Fields, address: str, timeout: timedelta) -> Server:
    """The server at an address, as the metric's other settings want it reached. SettingsError names the field."""
    bare, user = _without_user(address)
    return Server(
        address=bare,
        headers=headers_of(fields),
        auth=auth_of(fields, bare) or user,
        is_insecure=fields.flag("insecure"),
        timeout=timeout,
    )


def headers_of(fields: Fields) -> Pairs:
    """The headers, each with key and value."""
    found = []
    for index, header in enumerate(fields.items("headers")):
        key = header.get("key") if isinstance(header, Mapping) else None
        if not isinstance(header, Mapping) or not isinstance(key, str) or not key:
            raise fields.wrong(f"headers[{index}]", "has no key: write it as {key: X-Name, value: text}")
        found.append((key, str(header.get("value", ""))))
    return tuple(found)


def auth_of(fields: Fields, address: str) -> Auth | None:
    """The one way of authentication that is given; Amazon's managed Prometheus is signed for in any case."""
    written = fields.mapping("authentication")
    ways = {name: way for name, way in written.items() if way}
    unknown = sorted(ways.keys() - {"basicAuth", "oauth2", "sigv4"})
    if unknown:
        raise fields.wrong(f"authentication.{unknown[0]}", "is unknown: use basicAuth, oauth2 or sigv4")
    if len(ways) > 1:
        raise fields.wrong("authentication", f"has {' and '.join(sorted(ways))}: keep one of them")
    match next(iter(ways.items()), ("", {})):
        case "basicAuth", way:
            return Basic(_text(fields, way, "basicAuth", "username"), _text(fields, way, "basicAuth", "password"))
        case "oauth2", way:
            return _oauth2(fields, way)
        case "sigv4", way:
            return _sigv4(fields, way, address)
        case _ if MANAGED_PROMETHEUS in address:
            return _sigv4(fields, {}, address)
        case _:
            return None


def _oauth2(fields: Fields, way: Any) -> OAuth2:
    url, client, secret = (_needed(fields, way, name) for name in ("tokenUrl", "clientId", "clientSecret"))
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise fields.wrong("authentication.oauth2.tokenUrl", f"{url!r} is no URL: it must start with https://")
    scopes = way.get("scopes") or ()
    if not isinstance(scopes, list | tuple):
        raise fields.wrong("authentication.oauth2.scopes", f"must be a list of texts, it is {scopes!r}")
    return OAuth2(url, client, secret, tuple(map(str, scopes)))


def _needed(fields: Fields, way: Any, name: str) -> str:
    found = _text(fields, way, "oauth2", name)
    if not found:
        raise fields.wrong(f"authentication.oauth2.{name}", "is missing: oauth2 needs tokenUrl, clientId, clientSecret")
    return found


def _sigv4(fields: Fields, way: Any, address: str) -> SigV4:
    region, profile, role = (_text(fields, way, "sigv4", name) for name in ("region", "profile", "roleArn"))
    service = _service_at(address)
    if service not in _SIGNED_FOR:
        raise fields.wrong("authentication.sigv4", f"is not for {service}: only for {', '.join(_SIGNED_FOR)}")
    return SigV4(region, service, profile, role)


def _text(fields: Fields, way: Any, kind: str, name: str) -> str:
    value = way.get(name, "") if isinstance(way, Mapping) else None
    if not isinstance(value, str):
        raise fields.wrong(f"authentication.{kind}.{name}", "must be a text")
    return value


def _service_at(address: str) -> str:
    """The AWS service that answers at an address, by the address: `service.region.amazonaws.com` and the like."""
    host = urlsplit(address).hostname or ""
    ending = next((ending for ending in _AMAZON if host.endswith(ending)), "")
    labels = host.removesuffix(ending).split(".") if ending else []
    if len(labels) < 2:
        return _ANY_SERVICE
    return _SERVICES.get(labels[-2], labels[-2])


def _without_user(address: str) -> tuple[str, Basic | None]:
    """The address without `user:password@`, and these."""
    parts = urlsplit(address)
    user, is_there, place = parts.netloc.rpartition("@")
    if not is_there:
        return address, None
    name, _, password = user.partition(":")
    return urlunsplit(parts._replace(netloc=place)), Basic(unquote(name), unquote(password))


def checked_url(url: str, what: str) -> str:
    """A web address. SettingsError says what is wrong with it."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        is_good = is_good and " " not in parts.netloc and not any(char < " " or char == "\x7f" for char in url)
    except ValueError:
        is_good = False
    if not is_good:
        raise SettingsError(f"{what} {url!r} is no URL: it must start with http:// or https://")
    return url
