"""Authorization of the HTTP client's requests: what is known goes along, tokens and keys are got first and kept.

Called by http_client. Tokens of OAuth2 (client credentials) are asked for once and kept until they expire, and asked
for anew where a server refuses one; many requests that need the same token wait for one answer. Keys of AWS are looked
up by aws. Errors name the token's address, never what was sent there.
"""

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, assert_never
from urllib.parse import parse_qs, quote_plus, urlencode

from analysis.aws import AwsLookup
from analysis.errors import ProviderError
from analysis.redirects import origin_and_rest, url_of
from analysis.requests import Answer, Basic, Bearer, Http, OAuth2, Pairs, Server, SigV4
from analysis.sigv4 import Scope, Signed, signature_headers

Send = Callable[[Http, Mapping[str, str]], Awaitable[Answer]]
"""Sends a request with these headers besides its own."""

EARLY = 10.0
"""Seconds before its end in which a token is not used any more. Go's oauth2 has the same."""
FOREVER = float("inf")
REMEMBERED = 1000
"""Tokens that are kept at most."""
_FORM: Pairs = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))
_REFUSED = 401


@dataclass(slots=True)
class _Token:
    header: str = ""
    until: float = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Credentials:
    """Sends requests with what their servers want to see."""

    def __init__(self, send: Send, environ: Mapping[str, str], clock: Callable[[], datetime]) -> None:
        self._send = send
        self._clock = clock
        self._aws = AwsLookup(environ)
        self._tokens: dict[tuple[OAuth2, bool], _Token] = {}

    async def send(self, request: Http) -> Answer:
        """The answer to the request with its authorization; ProviderError where no token is to be had."""
        match request.server.auth:
            case None:
                return await self._send(request, {})
            case Basic(user, password):
                return await self._send(request, {"Authorization": _basic(user, password)})
            case Bearer(token):
                return await self._send(request, {"Authorization": f"Bearer {token}"})
            case OAuth2() as auth:
                return await self._with_token(request, auth)
            case SigV4() as auth:
                return await self._send(request, await self._signature(request, auth))
            case _:
                assert_never(request.server.auth)

    async def _with_token(self, request: Http, auth: OAuth2) -> Answer:
        header, is_new = await self._token(auth, request.server)
        answer = await self._send(request, {"Authorization": header})
        if answer.status != _REFUSED or is_new:
            return answer
        refused = self._tokens.get((auth, request.server.is_insecure))
        if refused is not None and refused.header == header:  # another may have got a new one meanwhile
            refused.until = 0.0
        header, _ = await self._token(auth, request.server)
        return await self._send(request, {"Authorization": header})

    async def _token(self, auth: OAuth2, server: Server) -> tuple[str, bool]:
        """The header's text, and whether it was asked for just now."""
        if not self._tokens.get((auth, server.is_insecure)):
            self._forget_expired()
        token = self._tokens.setdefault((auth, server.is_insecure), _Token())
        async with token.lock:
            if time.monotonic() < token.until:
                return token.header, False
            asked = time.monotonic()
            token.header, lifetime = await self._asked_for(auth, server)
            token.until = asked + lifetime - EARLY
            return token.header, True

    def _forget_expired(self) -> None:
        now = time.monotonic()
        for key in [key for key, token in self._tokens.items() if token.until < now and not token.lock.locked()]:
            del self._tokens[key]
        while len(self._tokens) >= REMEMBERED:
            del self._tokens[next(iter(self._tokens))]

    async def _asked_for(self, auth: OAuth2, server: Server) -> tuple[str, float]:
        """First with the credentials in the header, then in the form: servers take one or the other, as Go tries it."""
        origin, rest = origin_and_rest(auth.token_url)
        place = Server(origin, is_insecure=server.is_insecure, timeout=server.timeout)
        form = {"grant_type": "client_credentials", **({"scope": " ".join(auth.scopes)} if auth.scopes else {})}
        basic = _basic(quote_plus(auth.client_id), quote_plus(auth.client_secret))
        answer = await self._send(Http(place, "POST", rest, (), _FORM, _body(form)), {"Authorization": basic})
        if not answer.is_good:
            form |= {"client_id": auth.client_id, "client_secret": auth.client_secret}
            answer = await self._send(Http(place, "POST", rest, (), _FORM, _body(form)), {})
        return _token_in(answer, auth)

    async def _signature(self, request: Http, auth: SigV4) -> dict[str, str]:
        keys, region = await self._aws.keys(auth)
        pairs = (*request.server.headers, *request.headers)
        covered = {name: value for name, value in pairs if name.lower().startswith(("x-amz-", "content-type"))}
        signed = Signed(request.method, url_of(request), covered, request.body)
        return signature_headers(signed, keys, Scope(region, auth.service), self._clock())


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _body(form: Mapping[str, str]) -> bytes:
    return urlencode(form).encode()


def _token_in(answer: Answer, auth: OAuth2) -> tuple[str, float]:
    """The header's text and the seconds that it is good for. RFC 6749, sections 5.1 and 5.2."""
    reply = _reply(answer)
    if not answer.is_good or not reply.get("access_token"):
        why = ": ".join(str(reply[name]) for name in ("error", "error_description") if reply.get(name))
        raise ProviderError(f"oauth2: {auth.token_url} gave no token: {answer.status}{f' {why}' if why else ''}")
    kind = str(reply.get("token_type") or "Bearer")
    kind = {"bearer": "Bearer", "basic": "Basic", "mac": "MAC"}.get(kind.lower(), kind)
    return f"{kind} {reply['access_token']}", _lifetime(reply.get("expires_in"))


def _reply(answer: Answer) -> Mapping[str, Any]:
    if answer.headers.get("content-type", "").startswith(("application/x-www-form-urlencoded", "text/plain")):
        return {name: values[0] for name, values in parse_qs(answer.text).items()}
    try:
        reply = json.loads(answer.body)
    except ValueError:
        return {}
    return reply if isinstance(reply, dict) else {}


def _lifetime(seconds: Any) -> float:
    """Without a number a token is kept until it is refused."""
    try:
        return float(seconds) or FOREVER
    except (TypeError, ValueError):
        return FOREVER
