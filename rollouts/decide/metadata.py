"""What the pods of a version carry besides their template: a role's labels and annotations, a rule to keep off others.

Called by the stages. A role changes at a promotion, and whenever the user writes other metadata; pods that are there
follow without being restarted.
"""

from collections.abc import Iterator

from rollouts.decide.situation import RETRY, Situation, Step, together
from rollouts.model.effects import Effect, MarkPods, MarkVersion, PlaceVersion
from rollouts.model.plan import Event
from rollouts.model.strategy import BlueGreen, Canary, PodMetadata
from rollouts.model.workload import Version

NONE = PodMetadata()


def metadata_of(here: Situation, template_hash: str) -> PodMetadata:
    """What pods of this version carry in their present role; nothing for those of an old version."""
    new, stable = _roles(here)
    if template_hash == here.observed.stable or (not here.observed.stable and template_hash == here.current_hash):
        return stable
    return new if template_hash == here.current_hash else NONE


def avoided_by(here: Situation, template_hash: str) -> str:
    """The stable version, where the user wants the pods of this one off its nodes; "" for none."""
    strategy = here.rollout.strategy
    is_wanted = isinstance(strategy, Canary | BlueGreen) and strategy.anti_affinity is not None
    return here.observed.stable if is_wanted and here.observed.stable != template_hash else ""


def place_new(here: Situation) -> Step | None:
    """The new version keeps off the nodes of a version that is not the stable one any more: mend its rule."""
    new, stable = here.new, here.observed.stable
    if new is None or not stable or new.keeps_off in ("", stable):
        return None
    if any(isinstance(failure.effect, PlaceVersion) for failure in here.snapshot.failures):
        return Step(wake_at=here.now + RETRY)
    return Step((PlaceVersion(new.name, avoided_by(here, new.hash)),))


def mark_pods(here: Situation) -> Step | None:
    """Bring every version's pods to their role: the new version first, then stable, then all others."""
    pair = [version for version in (here.new, here.stable) if version is not None]
    versions = dict.fromkeys(version.name for version in (*pair, *here.others))
    held = {version.name: version for version in here.versions}
    return together(_mark(here, held[name]) for name in versions)


def _mark(here: Situation, version: Version) -> Step | None:
    wanted = metadata_of(here, version.hash)
    if version.pending is None and (version.metadata or NONE) == wanted:
        return None
    for failure in here.snapshot.failures:
        if isinstance(failure.effect, MarkVersion | MarkPods) and failure.effect.name == version.name:
            text = f"ReplicaSet {version.name} does not get the metadata of its role: {failure.message}"
            event = Event("ReplicaSetUpdateError", text, is_warning=True)
            return Step(events=(event,), wake_at=here.now + RETRY, reason=text)
    return Step(tuple(_marks(version, wanted)), reason=f"pods of ReplicaSet {version.name} follow their role")


def _marks(version: Version, wanted: PodMetadata) -> Iterator[Effect]:
    """The template, the pods that are there, the note that all is done; just the template where there is no pod."""
    former = _both(version.metadata or NONE, version.pending or NONE)
    if version.replicas or version.current:
        yield MarkVersion(version.name, wanted, former, is_pending=True)
        yield MarkPods(version.name, wanted, former)
    yield MarkVersion(version.name, wanted, former)


def _both(one: PodMetadata, other: PodMetadata) -> PodMetadata:
    return PodMetadata({**one.labels, **other.labels}, {**one.annotations, **other.annotations})


def _roles(here: Situation) -> tuple[PodMetadata, PodMetadata]:
    """What the user gives to pods of the new version, and to those of the stable one."""
    match here.rollout.strategy:
        case Canary() as canary:
            return canary.canary_metadata or NONE, canary.stable_metadata or NONE
        case BlueGreen() as blue_green:
            return blue_green.preview_metadata or NONE, blue_green.active_metadata or NONE
        case _:
            return NONE, NONE
