"""The Gateway API's own definitions, from its Go module at test time: never as copies in the tree."""

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

MODULE = "sigs.k8s.io/gateway-api@v1.4.0"


@cache
def definitions_folder() -> Path:
    """The folder of its standard channel; the test is skipped where there is no Go to fetch it."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("needs go, to fetch the Gateway API's module")
    told = subprocess.run(
        [go, "mod", "download", "-json", MODULE], capture_output=True, check=True, text=True, timeout=120
    )
    return Path(json.loads(told.stdout)["Dir"]) / "config" / "crd" / "standard"
