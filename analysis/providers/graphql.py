"""GraphQL over HTTP, for the providers that speak it. Pure; they never import each other."""

import json
from collections.abc import Mapping
from typing import Any

from analysis.errors import ProviderError
from analysis.providers.reading import JSON_HEADERS, at, object_of
from analysis.requests import Answer, Http, Pairs, Server


def posted(server: Server, path: str, query: str, variables: Mapping[str, Any], headers: Pairs = ()) -> Http:
    """The request that asks a query with these variables."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    return Http(server, "POST", path, headers=(*JSON_HEADERS, *headers), body=body)


def data_of(answer: Answer, service: str) -> Any:
    """What was asked for; ProviderError with the service's words where it could not be given in full."""
    body = object_of(answer, service)
    if errors := body.get("errors"):
        said = [str(at(error, "message") or error) for error in errors] if isinstance(errors, list) else [str(errors)]
        raise ProviderError(f"{service}: {'; '.join(said)}")
    return body.get("data")
