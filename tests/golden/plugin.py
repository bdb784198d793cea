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


OUTPUT = Category("plugin_output", _command)
PATCHES = Category("plugin_patches", _command)
