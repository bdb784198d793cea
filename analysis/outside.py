"""What the operator lets out, and how. Made by the CLI and the controller, obeyed by the HTTP client."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from analysis.reach import Reach


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # the date of a signature, which no decision sees


@dataclass(frozen=True, slots=True)
class Outside:
    """The addresses that may be asked, and the environment with its proxies, certificates and keys."""

    reach: Reach = field(default_factory=Reach)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    clock: Callable[[], datetime] = _now
