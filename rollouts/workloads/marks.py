"""Labels and annotations of generated objects: which of an original's go along. Called by all who make copies."""

from collections.abc import Iterable, Mapping

from rollouts.model.keys import SYNCED
from rollouts.model.objects import Json

ALL = "*"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_ONE_S_OWN = (LAST_APPLIED, "deployment.kubernetes.io/", "deprecated.daemonset.template.generation")
"""Annotations by which somebody remembers something about this one object."""


def without_synced(given: Mapping[str, str]) -> Json:
    """All but the marks by which others know what they apply: a copy that bore them would be taken for theirs."""
    return {key: value for key, value in given.items() if SYNCED not in key}


def chosen(given: Mapping[str, str], prefixes: Iterable[str]) -> Json:
    """Those that begin with one of the prefixes."""
    wanted = tuple(prefixes)
    return {key: value for key, value in without_synced(given).items() if ALL in wanted or key.startswith(wanted)}


def one_s_own(given: Mapping[str, str]) -> Json:
    """Notes of others about this one object: they stay with it, and do not go along."""
    return {key: value for key, value in given.items() if key.startswith(_ONE_S_OWN)}


def passed_on(given: Mapping[str, str]) -> Json:
    """All that tells something about a copy, too."""
    own = one_s_own(given)
    return {key: value for key, value in without_synced(given).items() if key not in own}
