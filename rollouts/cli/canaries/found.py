"""A Canary by name, with its target and as the dialect reads it. Called by the commands whose NAME may be one's.

A bare NAME is a Rollout's where there is one, else a Canary's; `canary/NAME` and `rollout/NAME` leave no doubt. The
dialect is imported for Canaries only: commands on Rollouts start as fast as before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from rollouts.cli.session import CommandError, Session
from rollouts.cluster import kinds
from rollouts.cluster.errors import ClusterError, NotFoundError
from rollouts.cluster.port import Json, Resource, Target

if TYPE_CHECKING:
    from rollouts.dialects.registry import TickingDialect
    from rollouts.model.rollout import Rollout
    from rollouts.model.strategy import Progressive

T = TypeVar("T")
CANARY_WORDS = ("canary", "canaries", *(f"{word}.{kinds.CANARIES.group}" for word in ("canary", "canaries")))
ROLLOUT_WORDS = ("rollout", "rollouts", "ro")
DAEMON_SETS = Resource("apps", "v1", "daemonsets", "DaemonSet")
KNATIVE_SERVICES = Resource("serving.knative.dev", "v1", "services", "Service")
TARGETS = {(r.api_version, r.kind): r for r in (kinds.DEPLOYMENTS, DAEMON_SETS, kinds.SERVICES, KNATIVE_SERVICES)}
"""What a Canary may deliver."""
_INSTEAD = {
    "analysis": "`events canary/{}` has what the checks of a Canary said",
    "diff": "`history canary/{}` has the versions of a Canary's target",
    "restart": "`kubectl rollout restart` the target of Canary {}, which then delivers it",
    "set image": "`kubectl set image` on the target of Canary {}, which then delivers it",
    "undo": "`kubectl rollout undo` the target of Canary {}, which then delivers it",
}
"""What to do with a Canary where a command knows Rollouts only."""


@dataclass(frozen=True, slots=True)
class Found:
    """A Canary, its target (None: not there), and both in the common model."""

    manifest: Json
    target: Json | None
    dialect: "TickingDialect"
    rollout: "Rollout"

    @property
    def name(self) -> str:
        """Its name."""
        return self.rollout.name

    @property
    def strategy(self) -> "Progressive":
        """How it ticks."""
        from rollouts.model.strategy import Progressive

        assert isinstance(self.rollout.strategy, Progressive)  # the dialect knows no other
        return self.rollout.strategy


def either(session: Session, name: str, of_rollout: Callable[[str], T], of_canary: Callable[[Json], T]) -> T:
    """What the command does with the Rollout of this name, or with the Canary."""
    kind, bare = _parted(name)
    if kind in CANARY_WORDS:
        return of_canary(session.look(kinds.CANARIES, bare))
    try:
        return of_rollout(bare)
    except NotFoundError:
        canary = None if kind else _canary(session, bare)
        if canary is None:
            raise
    return of_canary(canary)


def rollouts_name(name: str, verb: str) -> str:
    """The bare name, for a command that has nothing to do with Canaries. CommandError: it is a Canary's."""
    kind, bare = _parted(name)
    if kind in CANARY_WORDS:
        raise CommandError(f"{verb} is for Rollouts only: {_INSTEAD[verb].format(bare)}")
    return bare


def spelt(session: Session, names: Sequence[str]) -> Sequence[str]:
    """`canary a b` as `canary/a canary/b`, unless there is a Rollout of that name: several names may be given."""
    kind, *rest = names
    if not rest or kind not in (*CANARY_WORDS, *ROLLOUT_WORDS):
        return names
    try:
        session.rollout(kind)
    except NotFoundError:
        return [f"{kind}/{name}" for name in rest]
    return names


def found(session: Session, manifest: Json) -> Found:
    """A Canary with its target as it stands."""
    return read(manifest, _target(session, manifest))


def read(manifest: Json, target: Json | None) -> Found:
    """A Canary in the common model."""
    from rollouts.dialects.registry import TICKING

    dialect = TICKING[kinds.CANARIES.api_version, kinds.CANARIES.kind]
    hash_ = "" if target is None else dialect.hash_of(target)
    rollout = dialect.parse(manifest, hash_, dialect.provider, None, None)
    return Found(manifest, target, dialect, rollout)


def failed_target(session: Session, manifest: Json) -> Json | None:
    """The target of a Canary that failed, whose user may have taken it back; None for others: a request a line."""
    if (manifest.get("status") or {}).get("phase") != "Failed":
        return None
    try:
        return _target(session, manifest)
    except ClusterError:
        return None  # who lists Canaries may not be allowed to read their targets


def target_resource(manifest: Json) -> Resource | None:
    """The kind of its target; None for one that nobody delivers."""
    reference = (manifest.get("spec") or {}).get("targetRef") or {}
    return TARGETS.get((reference.get("apiVersion", ""), reference.get("kind", "")))


def _parted(name: str) -> tuple[str, str]:
    kind, slash, bare = name.rpartition("/")
    if slash and kind not in (*CANARY_WORDS, *ROLLOUT_WORDS):
        raise CommandError(f'unknown kind "{kind}" in "{name}": known are rollout and canary')
    return kind, bare


def _canary(session: Session, name: str) -> Json | None:
    try:
        return session.api.get(session.target(kinds.CANARIES, name))
    except NotFoundError:
        return None


def _target(session: Session, manifest: Json) -> Json | None:
    resource = target_resource(manifest)
    name = manifest["spec"]["targetRef"].get("name") if resource else None
    if resource is None or not name:
        return None
    try:
        return session.api.get(Target(resource, name, manifest["metadata"].get("namespace")))
    except NotFoundError:
        return None
