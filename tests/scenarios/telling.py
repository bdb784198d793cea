"""What Argo's events say, put together from the world as it is seen. Called by scenarios that expect events in full."""

from tests.scenarios.sight import REVISION, Sight, Told, hash_of


def revision_of(world: Sight, image: str) -> str:
    """The revision that the version with this image has now."""
    return str(world.replica_set(image)["metadata"]["annotations"][REVISION])


def scaled(world: Sight, image: str, sizes: tuple[int, int], *, revision: int | None = None) -> Told:
    """A version changes its size; `revision` is the one it had then, where it has another one by now."""
    word = "up" if sizes[1] > sizes[0] else "down"
    name = world.replica_set(image)["metadata"]["name"]
    place = f"ReplicaSet {name} (revision {revision or revision_of(world, image)})"
    return ("Normal", "ScalingReplicaSet", f"Scaled {word} {place} from {sizes[0]} to {sizes[1]}")


def completed(world: Sight, image: str, why: str, *, revision: int | None = None) -> Told:
    """A version is the stable one from now on."""
    chosen = f"{revision or revision_of(world, image)} ({hash_of(world.replica_set(image))})"
    return ("Normal", "RolloutCompleted", f"Rollout completed update to revision {chosen}: {why}")


def step_done(number: int, count: int, words: str) -> Told:
    """A step is over; they are counted from one."""
    return ("Normal", "RolloutStepCompleted", f"Rollout step {number}/{count} completed ({words})")


def weighed(before: int, after: int) -> Told:
    """The canary's weight changes."""
    return ("Normal", "TrafficWeightUpdated", f"Traffic weight updated from {before} to {after}")


def aborted(revision: int) -> Told:
    """A user's abort."""
    return ("Warning", "RolloutAborted", f"Rollout aborted update to revision {revision}")


def paused(reason: str = "CanaryPauseStep") -> Told:
    """A pause begins."""
    return ("Normal", "RolloutPaused", f"Rollout is paused ({reason})")


def switched(service: str, before: str, after: str) -> Told:
    """A Service leads from one hash to another; "" where it chose none."""
    return ("Normal", "SwitchService", f"Switched selector for service '{service}' from '{before}' to '{after}'")


def begun(world: Sight, image: str, revision: int) -> tuple[Told, ...]:
    """A new version is made; all but the first one end what was completed before."""
    name = world.replica_set(image)["metadata"]["name"]
    return (
        ("Normal", "RolloutUpdated", f"Rollout updated to revision {revision}"),
        ("Normal", "NewReplicaSetCreated", f"Created ReplicaSet {name} (revision {revision})"),
    )


def not_completed(world: Sight, image: str, revision: int) -> Told:
    """An attempt begins."""
    text = f"Rollout not completed, started update to revision {revision} ({hash_of(world.replica_set(image))})"
    return ("Normal", "RolloutNotCompleted", text)


def first_deploy(world: Sight, *, size: int, image: str = "web:v1") -> tuple[Told, ...]:
    """All that the first version of a canary tells, if it has no Services."""
    return (
        ("Normal", "RolloutAddedToInformer", f"Rollout resource added to informer: {world.namespace}/web"),
        *begun(world, image, 1),
        not_completed(world, image, 1),
        scaled(world, image, (0, size), revision=1),
        completed(world, image, "Initial deploy", revision=1),
    )
