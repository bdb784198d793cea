"""A rollout and all that it owns as one value, ready to be drawn. Called by get and by the demo; pure.

Takes objects as the API server shows them, whoever read them, and the moment for which ages are told.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rollouts.cli.ages import human, moment, since
from rollouts.cli.canary import Progress, is_blue_green, ping_pong, progress
from rollouts.cli.phase import Phase, desired, phase_of
from rollouts.cli.pods import pod_line

Object = Mapping[str, Any]

REVISION = "rollout.argoproj.io/revision"
HASH = "rollouts-pod-template-hash"
TEMPLATE_NAME = "experiment.argoproj.io/template-name"
DEADLINE = "scale-down-deadline"
SIGNS = {
    "Healthy": "✔",
    "Successful": "✔",
    "Progressing": "◌",
    "Running": "◌",
    "Pending": "◷",
    "Paused": "॥",
    "Degraded": "✖",
    "Failed": "✖",
    "ReplicaFailure": "✖",
    "Error": "⚠",
    "Inconclusive": "?",
    "Unknown": "?",
    "ScaledDown": "•",
}


@dataclass(frozen=True, slots=True)
class World:
    """Everything that may belong to the rollout; what does not is left out by owner."""

    rollout: Object = field(default_factory=dict)
    replica_sets: Sequence[Object] = ()
    pods: Sequence[Object] = ()
    experiments: Sequence[Object] = ()
    analysis_runs: Sequence[Object] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the tree. A revision has no kind and no status."""

    sign: str
    name: str
    kind: str = ""
    status: str = ""
    status_sign: str = ""
    age: str = ""
    info: str = ""
    children: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class RolloutInfo:
    """The header's values and the tree. `images` are (image, its roles)."""

    name: str
    namespace: str
    phase: Phase
    strategy: str
    root: Node
    canary: Progress | None = None
    images: tuple[tuple[str, tuple[str, ...]], ...] = ()
    replicas: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overview:
    """What is shown of anything but a rollout: the header's values and the tree.

    `facts` are more lines of the header, by label; `images` are (image, whose it is).
    """

    name: str
    namespace: str
    message: str
    root: Node
    facts: tuple[tuple[str, str], ...] = ()
    images: tuple[tuple[str, tuple[str, ...]], ...] = ()


def sign_of(status: str) -> str:
    """The icon of a phase or state; a blank for one that has none."""
    return SIGNS.get(status, " ")


def rollout_info(world: World, now: datetime) -> RolloutInfo:
    """What `get rollout` shows."""
    ro = world.rollout
    phase = phase_of(ro)
    root = Node(
        sign="⟳",
        name=ro["metadata"]["name"],
        kind="Rollout",
        status=phase.name,
        status_sign=sign_of(phase.name),
        age=_age(ro, now),
        children=_revisions(world, now),
    )
    is_canary = not is_blue_green(ro)
    return RolloutInfo(
        name=ro["metadata"]["name"],
        namespace=ro["metadata"].get("namespace", ""),
        phase=phase,
        strategy="Canary" if is_canary else "BlueGreen",
        root=root,
        canary=progress(ro, owned_by(world.replica_sets, ro)) if is_canary else None,
        images=_images(world),
        replicas=_replicas(ro),
    )


def _replicas(ro: Object) -> dict[str, int]:
    status = ro.get("status") or {}
    fields = (("Current", "replicas"), ("Updated", "updatedReplicas"), ("Ready", "readyReplicas"))
    counts = {word: int(status.get(key) or 0) for word, key in (*fields, ("Available", "availableReplicas"))}
    return {"Desired": desired(ro), **counts}


def owned_by(objects: Iterable[Object], owner: Object) -> list[Object]:
    """Those of the objects that belong to this one, the oldest first."""
    uid = owner["metadata"].get("uid")
    mine = [
        obj for obj in objects if any(ref.get("uid") == uid for ref in obj["metadata"].get("ownerReferences") or ())
    ]
    return sorted(mine, key=lambda obj: (obj["metadata"].get("creationTimestamp") or "", obj["metadata"]["name"]))


def _age(obj: Object, now: datetime) -> str:
    return since(obj["metadata"].get("creationTimestamp"), now)


def revision_of(obj: Object) -> int:
    """The revision that an object is annotated with; 0 for none."""
    text = (obj["metadata"].get("annotations") or {}).get(REVISION, "")
    return int(text) if text.isdigit() else 0


def _revisions(world: World, now: datetime) -> tuple[Node, ...]:
    nodes: dict[int, list[Node]] = defaultdict(list)
    for rs in _owned_sets(world, world.rollout):
        nodes[revision_of(rs)].append(_replica_set(world, rs, now, _roles(world.rollout, rs)))
    for experiment in owned_by(world.experiments, world.rollout):
        nodes[revision_of(experiment)].append(experiment_node(world, experiment, now))
    for run in owned_by(world.analysis_runs, world.rollout):
        nodes[revision_of(run)].append(_analysis_run(run, now))
    newest_first = sorted(nodes.items(), reverse=True)
    return tuple(Node("#", f"revision:{number}", children=tuple(children)) for number, children in newest_first)


def _roles(ro: Object, rs: Object) -> list[str]:
    status = ro.get("status") or {}
    name = (rs["metadata"].get("labels") or {}).get(HASH)
    if not name:
        return []
    is_stable, is_current = name == status.get("stableRS"), name == status.get("currentPodHash")
    blue_green = status.get("blueGreen") or {}
    is_active = name == blue_green.get("activeSelector")
    roles = {
        "canary": is_current and not is_stable and not is_blue_green(ro),
        "stable": is_stable,
        "active": is_active,
        "preview": name == blue_green.get("previewSelector") and not is_active,
    }
    return [role for role, holds in roles.items() if holds] + ping_pong(ro, is_stable, is_current)


def _replica_set(world: World, rs: Object, now: datetime, roles: list[str]) -> Node:
    status = _replica_set_status(rs)
    deadline = (rs["metadata"].get("annotations") or {}).get(DEADLINE)
    delay = [] if deadline is None else [f"delay:{_delay(deadline, now)}"]
    return Node(
        sign="⧉",
        name=rs["metadata"]["name"],
        kind="ReplicaSet",
        status=status,
        status_sign=sign_of(status),
        age=_age(rs, now),
        info=",".join([*roles, *delay]),
        children=tuple(pod_node(pod, now) for pod in owned_by(world.pods, rs)),
    )


def _replica_set_status(rs: Object) -> str:
    spec, status = rs.get("spec") or {}, rs.get("status") or {}
    wanted = 1 if spec.get("replicas") is None else spec["replicas"]
    if (status.get("observedGeneration") or 0) < (rs["metadata"].get("generation") or 0):
        return "Progressing"
    conditions = status.get("conditions") or ()
    if any(c.get("type") == "ReplicaFailure" and c.get("status") == "True" for c in conditions):
        return "ReplicaFailure"
    if (status.get("availableReplicas") or 0) < wanted:
        return "Progressing"
    return "Healthy" if wanted else "ScaledDown"


def _delay(deadline: str, now: datetime) -> str:
    end = moment(deadline)
    if end is None:
        return ""
    return "passed" if end < now else human(end - now)


def pod_node(pod: Object, now: datetime) -> Node:
    """A pod's line."""
    line = pod_line(pod)
    return Node("□", pod["metadata"]["name"], "Pod", line.status, line.sign, _age(pod, now), line.info)


def experiment_node(world: World, experiment: Object, now: datetime) -> Node:
    """The experiment's line with those of its ReplicaSets and AnalysisRuns."""
    status = (experiment.get("status") or {}).get("phase") or "Pending"
    sets = (_replica_set(world, rs, now, []) for rs in _owned_sets(world, experiment))
    runs = (_analysis_run(run, now) for run in owned_by(world.analysis_runs, experiment))
    return Node(
        sign="Σ",
        name=experiment["metadata"]["name"],
        kind="Experiment",
        status=status,
        status_sign=sign_of(status),
        age=_age(experiment, now),
        children=(*sets, *runs),
    )


def _analysis_run(run: Object, now: datetime) -> Node:
    status = run.get("status") or {}
    phase = status.get("phase") or ""
    results = status.get("metricResults") or []
    signs = {"successful": "✔", "failed": "✖", "inconclusive": "?", "error": "⚠"}
    totals = {sign: sum(result.get(key) or 0 for result in results) for key, sign in signs.items()}
    return Node(
        sign="α",
        name=run["metadata"]["name"],
        kind="AnalysisRun",
        status=phase,
        status_sign=sign_of(phase),
        age=_age(run, now),
        info=",".join(f"{sign} {total}" for sign, total in totals.items() if total),
        children=tuple(_jobs(results, now)),
    )


def _jobs(results: Sequence[Object], now: datetime) -> Iterable[Node]:
    for result in results:
        for measurement in result.get("measurements") or ():
            name = (measurement.get("metadata") or {}).get("job-name")
            if name:
                phase = measurement.get("phase") or "Pending"
                yield Node("⊞", name, "Job", phase, sign_of(phase), since(measurement.get("startedAt"), now))


def _images(world: World) -> tuple[tuple[str, tuple[str, ...]], ...]:
    tagged = [(rs, _roles(world.rollout, rs)) for rs in _owned_sets(world, world.rollout)]
    for experiment in owned_by(world.experiments, world.rollout):
        tagged += _of_templates(world, experiment)
    return _merged(tagged)


def template_images(world: World, experiment: Object) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The images that an experiment runs, each with its templates."""
    return _merged(_of_templates(world, experiment))


def _of_templates(world: World, experiment: Object) -> list[tuple[Object, list[str]]]:
    return [(rs, _template_role(rs)) for rs in _owned_sets(world, experiment)]


def _merged(tagged: Iterable[tuple[Object, list[str]]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, list[str]] = {}
    for rs, roles in tagged:
        if (rs.get("status") or {}).get("replicas"):
            for image in _images_of(rs):
                # Argo: the roles of an image that is met again are merged in order of the alphabet.
                found[image] = sorted({*found[image], *roles}) if image in found else roles
    return tuple((image, tuple(roles)) for image, roles in sorted(found.items()))


def _images_of(rs: Object) -> list[str]:
    return [container["image"] for container in rs["spec"]["template"]["spec"].get("containers") or ()]


def _owned_sets(world: World, owner: Object) -> list[Object]:
    mine = owned_by(world.replica_sets, owner)
    return sorted(mine, key=lambda rs: (-revision_of(rs), rs["metadata"]["name"]))


def _template_role(rs: Object) -> list[str]:
    name = (rs["metadata"].get("annotations") or {}).get(TEMPLATE_NAME)
    return [f"Σ:{name}"] if name else []
