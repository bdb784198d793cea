"""The errors of the product, as a tree; the Kubernetes part of it grows in cluster/errors.py.

RolloutsError
├── TemporaryError      try again, after `retry_after` at the earliest
├── UndecodableError    an object of one of our kinds that makes no sense at all; reported and left
└── ClusterError        (rollouts.cluster.errors) the API server said no, typed by status
Faults (model/faults.py) are no exceptions: a user's mistake is shown, not raised.
"""

from datetime import timedelta


class RolloutsError(Exception):
    """Everything that this package raises on purpose."""


class TemporaryError(RolloutsError):
    """The same attempt may work later; the queue waits `retry_after` (None: its own back-off) before it tries."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UndecodableError(RolloutsError):
    """An object whose very shape is wrong (spec is a list, name is missing): nothing can be decided about it."""
