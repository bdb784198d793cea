"""Requests to services that test on our behalf. Called by concord and ngrinder; answers are JSON objects."""

import json
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from rollouts.loadtester.errors import FailedError, PayloadError

Json = dict[str, Any]
Session = aiohttp.ClientSession  # noqa: TID251  # the load tester's own way out, which the API server is not asked by
PATIENCE = 60.0
"""Seconds for a whole request."""


class Services:
    """One session for all of them. Opened with the first request; `close` ends it."""

    def __init__(self) -> None:
        self._session: Session | None = None

    async def ask(self, method: str, url: str, headers: dict[str, str], form: dict[str, str] | None = None) -> Json:
        """The answer; FailedError where there is none, or none that is a JSON object, or one of an error."""
        if self._session is None:
            self._session = Session(timeout=aiohttp.ClientTimeout(total=PATIENCE), trust_env=True)
        try:
            async with self._session.request(method, url, headers=headers, data=form and _multipart(form)) as answer:
                text = await answer.text(errors="replace")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise FailedError(f"{url} cannot be asked: {error or type(error).__name__}") from error
        if answer.status >= 400:
            raise FailedError(f"{url} answered {answer.status}: {text[:1000]}")
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise FailedError(f"{url} answered with something else than a JSON object: {text[:1000]}")
        return found

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()


def base_of(server: str) -> str:
    """The address of a service as its metadata gives it, to which paths can be added."""
    parts = urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise PayloadError(f"metadata.server: {server} is no address: write http://host:port")
    return server.rstrip("/")


def _multipart(form: dict[str, str]) -> aiohttp.MultipartWriter:
    writer = aiohttp.MultipartWriter("form-data")
    for name, value in form.items():
        writer.append(value).set_content_disposition("form-data", name=name)
    return writer
