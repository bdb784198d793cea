"""What a request to the load tester can be refused with. Raised anywhere below, worded as HTTP by server.

LoadTesterError
├── PayloadError    400: the caller's mistake, names the field
├── BusyError       429: all places are taken, try again
├── FailedError     500: the task ran and failed, or could not run
└── EndingError     503: this replica is ending
"""

from rollouts.model.errors import RolloutsError


class LoadTesterError(RolloutsError):
    """A request that is not granted; `code` is its HTTP status."""

    code = 500


class PayloadError(LoadTesterError):
    """The caller's mistake."""

    code = 400


class BusyError(LoadTesterError):
    """No place for one more task."""

    code = 429


class FailedError(LoadTesterError):
    """The task has failed; the text goes to whoever waits for it."""


class EndingError(LoadTesterError):
    """The process was told to end while the task ran."""

    code = 503
