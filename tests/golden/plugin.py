"""kubectl argo rollouts: what its commands print, and the patches that they send."""

import copy
from datetime import datetime

from tests.builders.cli import FakeApi, command
from tests.golden.category import Category, Json


def _command(given: Json) -> Json:
    api = FakeApi(copy.deepcopy(given["objects"]), namespace=given["namespace"])
    now = datetime.fromisoformat(given["now"])
    outcome = command(given["command"], api, now=lambda: now)
    failed = outcome.code != 0
    return {
        "stdout": outcome.stdout,
        "stderr": "" if failed else outcome.stderr,
        "error": outcome.stderr.removeprefix("Error: ").rstrip("\n") if failed else None,
        "writes": api.writes,
    }


_WITH_A_NAME = ("status", "promote", "abort", "pause", "undo")
_WITH_A_KIND = (["get", "rollout"], ["list", "rollouts"], ["retry", "rollout"])


def _covers(given: Json) -> bool:
    """Commands of this version; experiments, restart, set image, terminate and cobra's usage texts come later."""
    words = given["command"]
    return words[:2] in _WITH_A_KIND or (words[0] in _WITH_A_NAME and len(words) > 1)


OUTPUT = Category("plugin_output", _command, covers=_covers)
PATCHES = Category("plugin_patches", _command, covers=_covers)
