"""Takes values of secrets out of texts that people read. Pure; called by all who keep what a service said."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote as percent_encoded
from urllib.parse import quote_plus

from analysis.expression.encoding import marshalled
from analysis.requests import Request, Secret
from analysis.units import quote

REDACTED = "*****"


def secrets_in(request: Request, answer: Any) -> list[str]:
    """The values in an answer that must not be told."""
    if not isinstance(request, Secret) or answer is None:
        return []
    return [answer[key] for key in request.hidden if answer.get(key)]


def forms_of(values: Iterable[str]) -> list[str]:
    """Secrets as they may show up: as they are, without the line break at the end, in JSON, in an error, in a URL."""
    found: set[str] = set()
    for value in values:
        for form in _in_urls(value) | _in_urls(value.strip()):
            found |= {form, marshalled(form)[1:-1], quote(form)[1:-1], repr(form)[1:-1]}
    # longest first: a secret that is part of another must not leave the other's rest behind
    return sorted(found - {""}, key=len, reverse=True)


def redacted(text: str, forms: Iterable[str]) -> str:
    """The text without these."""
    for form in forms:
        text = text.replace(form, REDACTED)
    return text


def _in_urls(value: str) -> set[str]:
    """It and its forms in URLs, where more or fewer signs are left as they are."""
    encoded = (percent_encoded(value, safe=safe) for safe in ("", "/", "/:?#[]@!$&'()*+,;="))
    return {value, quote_plus(value), *encoded}
