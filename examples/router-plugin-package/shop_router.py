"""A traffic router as a Python package: keeps one file a rollout with the weights of its Services.

Methods may be coroutines; others, as here, run in a thread of the controller. Each call gets a dict with the whole of
what is wanted; nothing is kept between calls. An exception is an error of the plugin: it is shown, and tried again.
"""

import json
import os
from pathlib import Path


class WeightsFile:
    """Sluice finds it by the entry point in pyproject.toml. It has no `verify`: what is in the file holds."""

    def apply(self, context: dict) -> None:
        """Write the file whole, then put it in place: no reader sees half of it."""
        if context["managedRoutes"]:
            raise ValueError("a file of weights has no header and mirror routes")
        shares = [context["canary"], context["stable"], *context["experiments"]]
        weights = {share["service"]: share["weight"] for share in shares}
        place = self._place(context)
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = place.with_suffix(".new")
        fresh.write_text(json.dumps(weights))
        os.replace(fresh, place)

    def clean(self, context: dict) -> None:
        """The rollout is gone, or uses another router."""
        self._place(context).unlink(missing_ok=True)

    def _place(self, context: dict) -> Path:
        rollout = context["rollout"]
        return Path(context["config"]["folder"]) / f"{rollout['namespace']}.{rollout['name']}.json"
