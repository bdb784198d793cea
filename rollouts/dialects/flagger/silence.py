"""What a Canary wants done where a metric has no values: an annotation, which Flagger has not. Called by canary.parse.

Without it, nothing measured is a failed check, as in Flagger: a version that nobody calls proves nothing.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rollouts.model.edges import Silence
from rollouts.model.faults import Fault
from rollouts.model.reading import mapping, text

ANNOTATION = "sluice.dev/no-data"


def silence_of(meta: Mapping[str, Any]) -> Silence:
    """The wish, from metadata."""
    written = _written(meta)
    return next((known for known in Silence if known.value == written), Silence.FAILS)


def silence_faults(meta: Mapping[str, Any]) -> Iterator[Fault]:
    """A wish that is none."""
    known = [each.value for each in Silence]
    if _written(meta) not in ("", *known):
        message, cure = f"{_written(meta)!r} is not known", f"use one of {', '.join(known)}"
        yield Fault(f"metadata.annotations[{ANNOTATION}]", message, cure)


def _written(meta: Mapping[str, Any]) -> str:
    return text(mapping(meta.get("annotations")).get(ANNOTATION))
