"""Labels and annotations of generated objects: which of an original's go along. Called by all who make copies."""

from collections.abc import Iterable, Mapping

from rollouts.model.keys import SYNCED
from rollouts.model.objects import Json

ALL = "*"


def without_synced(given: Mapping[str, str]) -> Json:
    """All but the marks by which others know what they apply: a copy that bore them would be taken for theirs."""
    return {key: value for key, value in given.items() if SYNCED not in key}


def chosen(given: Mapping[str, str], prefixes: Iterable[str]) -> Json:
    """Those that begin with one of the prefixes."""
    wanted = tuple(prefixes)
    return {key: value for key, value in without_synced(given).items() if ALL in wanted or key.startswith(wanted)}
