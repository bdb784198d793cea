"""What an API server refuses, typed by the reason of its Status object.

ClusterError
├── BadRequestError       400
├── UnauthorizedError     401
├── ForbiddenError        403
├── NotFoundError         404
├── MethodNotAllowedError 405
├── AlreadyExistsError    409 AlreadyExists
├── ConflictError         409 Conflict (also apply conflicts)
├── GoneError             410 the version asked for is compacted away: list again
├── UnsupportedMediaTypeError 415
├── InvalidError          422
├── TooManyRequestsError  429 (evictions that a budget forbids, too)
└── ServerError           5xx, and answers that never came (status 0)
"""

from collections.abc import Mapping
from typing import Any

from rollouts.model.errors import RolloutsError


class ClusterError(RolloutsError):
    """The API server said no. `status` is its whole Status object, `retry_after` seconds if it named them."""

    code = 0
    reason = ""

    def __init__(
        self, message: str, *, status: Mapping[str, Any] | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status: Mapping[str, Any] = status or {}
        self.retry_after = retry_after

    @property
    def message(self) -> str:
        """The server's own words."""
        return str(self.args[0])


class BadRequestError(ClusterError):
    """The request makes no sense to the server."""

    code, reason = 400, "BadRequest"


class UnauthorizedError(ClusterError):
    """Who are you?"""

    code, reason = 401, "Unauthorized"


class ForbiddenError(ClusterError):
    """A role lacks a verb."""

    code, reason = 403, "Forbidden"


class NotFoundError(ClusterError):
    """No such object, or no such kind."""

    code, reason = 404, "NotFound"


class MethodNotAllowedError(ClusterError):
    """This resource has no such verb."""

    code, reason = 405, "MethodNotAllowed"


class AlreadyExistsError(ClusterError):
    """Create met an object of that name."""

    code, reason = 409, "AlreadyExists"


class ConflictError(ClusterError):
    """The object changed since it was read, or another manager owns an applied field."""

    code, reason = 409, "Conflict"


class GoneError(ClusterError):
    """That resourceVersion or continue token is no longer kept."""

    code, reason = 410, "Expired"


class UnsupportedMediaTypeError(ClusterError):
    """This resource takes no patch of that type (custom resources: no strategic merge)."""

    code, reason = 415, "UnsupportedMediaType"


class InvalidError(ClusterError):
    """The object breaks its schema; `status.details.causes` names the fields."""

    code, reason = 422, "Invalid"


class TooManyRequestsError(ClusterError):
    """Slow down, or a disruption budget forbids the eviction."""

    code, reason = 429, "TooManyRequests"


class ServerError(ClusterError):
    """The server failed, or its answer never came: the write may have taken effect."""

    code, reason = 500, "InternalError"
