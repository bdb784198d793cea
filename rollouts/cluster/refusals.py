"""From a Status object to a typed error. Called by the clients; the embedded cluster's front takes the way back."""

from collections.abc import Mapping
from typing import Any, Final

from rollouts.cluster.errors import (
    AlreadyExistsError,
    BadRequestError,
    ClusterError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    MethodNotAllowedError,
    NotFoundError,
    ServerError,
    TooManyRequestsError,
    UnauthorizedError,
    UnsupportedMediaTypeError,
)

_BY_REASON: Final[Mapping[str, type[ClusterError]]] = {
    "AlreadyExists": AlreadyExistsError,
    "Conflict": ConflictError,
    "Expired": GoneError,
    "Gone": GoneError,
    "Invalid": InvalidError,
    "NotFound": NotFoundError,
    "TooManyRequests": TooManyRequestsError,
}
_BY_CODE: Final[Mapping[int, type[ClusterError]]] = {
    400: BadRequestError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    405: MethodNotAllowedError,
    409: ConflictError,
    410: GoneError,
    415: UnsupportedMediaTypeError,
    422: InvalidError,
    429: TooManyRequestsError,
}


def refusal(code: int, status: Any, *, retry_after: str | None = None) -> ClusterError:
    """The error for an answer with this code. `status` is the decoded body, or its text if it was no JSON object."""
    body = status if isinstance(status, Mapping) else {}
    code = int(body.get("code") or code)
    known = _BY_REASON.get(str(body.get("reason", ""))) or _BY_CODE.get(code)
    message = body.get("message") or (status if isinstance(status, str) and status else f"the server answered {code}")
    error = known or (ServerError if code >= 500 else BadRequestError)
    return error(str(message).strip(), status={"code": code, **body}, retry_after=_seconds(retry_after, body))


def unanswered(what: str, cause: BaseException) -> ServerError:
    """The error for an answer that never came; its status code is 0 and a write may have taken effect."""
    said = str(cause) or type(cause).__name__
    return ServerError(f"{what}: no answer from the API server: {said}", status={"code": 0, "reason": "NoAnswer"})


def status_of(error: ClusterError) -> dict[str, Any]:
    """The Status object of an error, whole even where the raiser gave only a message."""
    given = dict(error.status)
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": error.message,
        "reason": given.get("reason") or error.reason,
        **({"details": given["details"]} if given.get("details") else {}),
        "code": given.get("code") or error.code,
    }


def _seconds(header: str | None, body: Mapping[str, Any]) -> float | None:
    named = header if header and header.isdigit() else (body.get("details") or {}).get("retryAfterSeconds")
    return float(named) if named is not None else None
