"""What a query can be refused for. Raised all over this package, worded as JSON by the HTTP API.

QueryError
├── BadDataError     the query or a parameter makes no sense, or asks for what we do not have (HTTP 400)
└── ExecutionError   a sound query that these series do not fit (HTTP 422)
"""

from rollouts.model.errors import RolloutsError


class QueryError(RolloutsError):
    """A query that has no answer; `type` is Prometheus' word for why."""

    type = ""
    code = 0


class BadDataError(QueryError):
    """The asker's mistake, to be seen before anything is evaluated."""

    type = "bad_data"
    code = 400


class ExecutionError(QueryError):
    """Found out while evaluating: ambiguous matches, a parameter out of bounds."""

    type = "execution"
    code = 422
