"""An experiment and all that it owns as one value, ready to be drawn. Called by get; pure."""

from dataclasses import dataclass
from datetime import datetime

from rollouts.cli.info import Node, Object, World, experiment_node, template_images


@dataclass(frozen=True, slots=True)
class ExperimentInfo:
    """The header's values and the tree. `images` are (image, its templates)."""

    name: str
    namespace: str
    message: str
    root: Node
    images: tuple[tuple[str, tuple[str, ...]], ...] = ()


def experiment_info(experiment: Object, world: World, now: datetime) -> ExperimentInfo:
    """What `get experiment` shows; of the world only what the experiment owns."""
    status = experiment.get("status") or {}
    return ExperimentInfo(
        name=experiment["metadata"]["name"],
        namespace=experiment["metadata"].get("namespace", ""),
        message=status.get("message") or "",
        root=experiment_node(world, experiment, now),
        images=template_images(world, experiment),
    )
