"""An experiment and all that it owns as one value, ready to be drawn. Called by get; pure."""

from datetime import datetime

from rollouts.cli.info import Object, Overview, World, experiment_node, template_images


def experiment_info(experiment: Object, world: World, now: datetime) -> Overview:
    """What `get experiment` shows; of the world only what the experiment owns."""
    status = experiment.get("status") or {}
    return Overview(
        name=experiment["metadata"]["name"],
        namespace=experiment["metadata"].get("namespace", ""),
        message=status.get("message") or "",
        root=experiment_node(world, experiment, now),
        images=template_images(world, experiment),
    )
