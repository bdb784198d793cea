"""Google Cloud Monitoring: an MQL query, as one number (the first value of the newest point of the first series).

Metric templates name it. The Secret of `secretRef` names the `project`, and may hold a `serviceAccountKey`; without one
the pod's own account is asked for, at Google's metadata address, which the operator has to allow (`--metrics-allow`).
Its token goes to Google only, whatever `address` a template names: it opens all that the controller may.
"""

import json
from collections.abc import Generator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from analysis.errors import NoDataError, ProviderError
from analysis.model import Metric
from analysis.providers.reading import JSON_HEADERS, Fields, at, good, number_value, object_of, quoted, template_secret
from analysis.requests import Bearer, Flow, Http, Provider, Request, Server, Setting, Value
from analysis.rs256 import token

ADDRESS = "https://monitoring.googleapis.com"
TOKENS = "https://oauth2.googleapis.com/token"
METADATA = "http://metadata.google.internal"
SCOPE = "https://www.googleapis.com/auth/monitoring.read"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_HOUR = timedelta(hours=1)


def run(metric: Metric, setting: Setting) -> Flow:
    """Ask once."""
    fields = Fields(metric)
    query = fields.needed("query", "give it an MQL query")
    secret = yield from template_secret(fields, setting, ("serviceAccountKey",))
    if not secret.get("project"):
        raise ProviderError("stackdriver credentials does not contain a project id")
    key = secret.get("serviceAccountKey")
    address = fields.address() if fields.text("address") else ADDRESS
    if not key and not _is_google(address):
        why = "the token of the controller's own account is for Google alone"
        raise fields.wrong("address", f"{address!r} is not Google's, and {why}: give a serviceAccountKey")
    access = yield from (_by_key(key, setting) if key else _by_pod())
    server = Server(address, auth=Bearer(access))
    body = json.dumps({"query": query}).encode()
    path = f"/v3/projects/{secret['project']}/timeSeries:query"
    answer = yield Http(server, "POST", path, headers=JSON_HEADERS, body=body)
    if not answer.is_good:
        raise ProviderError(f"error requesting stackdriver: {quoted(answer)}")
    return _value(object_of(answer, "Stackdriver"))


def _is_google(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" and (parts.hostname or "").endswith(".googleapis.com")


def _by_key(text: str, setting: Setting) -> Generator[Request, Any, str]:
    """A token for a service account, by its key."""
    try:
        key = json.loads(text)
    except ValueError as error:
        raise ProviderError("serviceAccountKey is no JSON: take the file that Google gave for the account") from error
    address = str(at(key, "token_uri") or TOKENS)
    claims = {
        "iss": at(key, "client_email"),
        "scope": SCOPE,
        "aud": address,
        "iat": int(setting.now.timestamp()),
        "exp": int((setting.now + _HOUR).timestamp()),
    }
    assertion = token(claims, str(at(key, "private_key") or ""), str(at(key, "private_key_id") or ""))
    form = urlencode({"grant_type": _GRANT, "assertion": assertion}).encode()
    headers = (("Content-Type", "application/x-www-form-urlencoded"),)
    answer = yield Http(Server(address), "POST", headers=headers, body=form)
    return _access(object_of(answer, "Google's token service"))


def _by_pod() -> Generator[Request, Any, str]:
    """A token for the account of the pod."""
    path = "/computeMetadata/v1/instance/service-accounts/default/token"
    answer = yield Http(Server(METADATA), "GET", path, headers=(("Metadata-Flavor", "Google"),))
    return _access(object_of(good(answer, "Google's metadata service"), "Google's metadata service"))


def _access(body: Mapping[str, Any]) -> str:
    found = body.get("access_token")
    if not isinstance(found, str) or not found:
        raise ProviderError("Google gave no access token")
    return found


def _value(body: Mapping[str, Any]) -> Value:
    found = at(body, "timeSeriesData", 0, "pointData", 0, "values", 0)
    if not isinstance(found, Mapping):
        raise NoDataError("invalid response: no values found")
    number = found.get("doubleValue", found.get("int64Value"))
    try:  # 64 bits are a text in Google's JSON, and so are infinities
        return number_value(float(number) if isinstance(number, str) else number, "Stackdriver")
    except ValueError as error:
        raise ProviderError(f"Stackdriver answered with a value that is no number: {number!r}") from error


PROVIDER = Provider(run=run)
