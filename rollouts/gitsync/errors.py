"""What can go wrong between a repository and a cluster, as a tree.

SyncError
├── FetchError             the repository cannot be reached or read; `reason` as Flux names it
│   └── RevisionGoneError  the mirror does not hold that commit (any more): fetch again
└── BuildError             the manifests of a revision make no sense; `faults` name file, line and cause
"""

from rollouts.model.errors import RolloutsError
from rollouts.model.faults import Faults

AUTHENTICATION_FAILED = "AuthenticationFailed"
GIT_OPERATION_FAILED = "GitOperationFailed"


class SyncError(RolloutsError):
    """Everything that this package raises on purpose."""


class FetchError(SyncError):
    """Git said no. The message holds no credentials."""

    def __init__(self, message: str, *, reason: str = GIT_OPERATION_FAILED) -> None:
        super().__init__(message)
        self.reason = reason


class RevisionGoneError(FetchError):
    """The mirror is new, or was emptied: its source must be fetched again."""


class BuildError(SyncError):
    """A commit that cannot become objects."""

    def __init__(self, faults: Faults) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = faults
