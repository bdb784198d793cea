"""How the store says no: errors of the port with the Status object that an API server would send.

Called by every module of the store. Each function returns the error; the caller raises it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
    UnsupportedMediaTypeError,
)
from rollouts.cluster.port import Resource


@dataclass(frozen=True, slots=True)
class Cause:
    """One fault of an object: the reason's API name, the words, the field's path."""

    reason: str
    message: str
    field: str


def required(field: str, why: str = "") -> Cause:
    """The field must be there."""
    return Cause("FieldValueRequired", "Required value" + (f": {why}" if why else ""), field)


def invalid_value(field: str, shown: str, why: str) -> Cause:
    """The field's value breaks a rule. `shown` is the value as the message quotes it."""
    return Cause("FieldValueInvalid", f"Invalid value: {shown}: {why}", field)


def forbidden_value(field: str, why: str) -> Cause:
    """The field may not be set so now."""
    return Cause("FieldValueForbidden", f"Forbidden: {why}", field)


def _named(resource: Resource) -> str:
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


def _status(error: type[ClusterError], message: str, details: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": error.reason,
        "details": dict(details),
        "code": error.code,
    }


def _about(resource: Resource, name: str) -> dict[str, Any]:
    details = {"name": name, "group": resource.group, "kind": resource.plural}
    return {key: value for key, value in details.items() if value}


def not_found(resource: Resource, name: str) -> NotFoundError:
    """No such object."""
    message = f'{_named(resource)} "{name}" not found'
    return NotFoundError(message, status=_status(NotFoundError, message, _about(resource, name)))


def kind_not_served(what: str) -> NotFoundError:
    """No such kind, or no such subresource of it."""
    message = f"the server could not find the requested resource ({what})"
    return NotFoundError(message, status=_status(NotFoundError, message, {}))


def already_exists(resource: Resource, name: str, *, is_going: bool = False) -> AlreadyExistsError:
    """Create met an object of that name, or one that waits for its end."""
    since = "object is being deleted: " if is_going else ""
    message = f'{since}{_named(resource)} "{name}" already exists'
    return AlreadyExistsError(message, status=_status(AlreadyExistsError, message, _about(resource, name)))


def conflict(resource: Resource, name: str, why: str) -> ConflictError:
    """The write was based on another state of the object."""
    message = f'Operation cannot be fulfilled on {_named(resource)} "{name}": {why}'
    return ConflictError(message, status=_status(ConflictError, message, _about(resource, name)))


def apply_conflict(message: str, causes: Sequence[Cause]) -> ConflictError:
    """Other managers own fields that an apply would change."""
    return ConflictError(message, status=_status(ConflictError, message, {"causes": _listed(causes)}))


def invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> InvalidError:
    """The object breaks its schema or a rule of its kind."""
    full = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    faults = [f"{cause.field}: {cause.message}" for cause in causes]
    told = faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]"
    message = f'{full} "{name}" is invalid: {told}'
    details = {**_about(resource, name), "kind": resource.kind, "causes": _listed(causes)}
    return InvalidError(message, status=_status(InvalidError, message, details))


def unprocessable(message: str) -> InvalidError:
    """The patch is well formed and cannot be done."""
    return InvalidError(message, status=_status(InvalidError, message, {}))


def bad_request(message: str) -> BadRequestError:
    """The request makes no sense."""
    return BadRequestError(message, status=_status(BadRequestError, message, {}))


def forbidden(resource: Resource, name: str, why: str, causes: Sequence[Cause] = ()) -> ForbiddenError:
    """The server will not do that, whoever asks."""
    message = f'{_named(resource)} "{name}" is forbidden: {why}'
    details = _about(resource, name) | ({"causes": _listed(causes)} if causes else {})
    return ForbiddenError(message, status=_status(ForbiddenError, message, details))


def method_not_allowed(message: str) -> MethodNotAllowedError:
    """This resource has no such verb."""
    return MethodNotAllowedError(message, status=_status(MethodNotAllowedError, message, {}))


def gone(message: str) -> GoneError:
    """That version is compacted away."""
    return GoneError(message, status=_status(GoneError, message, {}))


def unsupported_media_type(message: str) -> UnsupportedMediaTypeError:
    """This resource takes no patch of that type."""
    status = _status(UnsupportedMediaTypeError, message, {})
    return UnsupportedMediaTypeError(message, status=status)


def budget_forbids(message: str, budget: str) -> TooManyRequestsError:
    """An eviction would break a disruption budget."""
    cause = {"reason": "DisruptionBudget", "message": f"The disruption budget {budget} allows no disruption now"}
    status = _status(TooManyRequestsError, message, {"causes": [cause]})
    return TooManyRequestsError(message, status=status)


def undeclared_field(message: str) -> ServerError:
    """An apply names a field that the schema does not know (a real server answers 500, too)."""
    return ServerError(message, status=_status(ServerError, message, {}))


def version_too_large(wanted: int, current: int) -> ServerError:
    """A version that has not been given out yet, from another server's life."""
    message = f"Too large resource version: {wanted}, current: {current}"
    status = {**_status(ServerError, message, {}), "reason": "Timeout", "code": 504}
    return ServerError(message, status=status, retry_after=1)


def _listed(causes: Sequence[Cause]) -> list[dict[str, str]]:
    return [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes]
