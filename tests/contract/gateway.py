"""The Gateway API's own definitions, from its Go module at test time: never as copies in the tree."""

import json
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.e2e.harness import SCRIPTS

MODULE = "sigs.k8s.io/gateway-api@v1.4.0"


@cache
def definitions_folder() -> Path:
    """The folder of its standard channel; the test is skipped where there is no Go to fetch it."""
    found = subprocess.run([SCRIPTS / "build.sh", "--go"], stdout=subprocess.PIPE, check=False, text=True)
    if found.returncode:
        pytest.skip("needs go, to fetch the Gateway API's module")
    command = [found.stdout.strip(), "mod", "download", "-json", MODULE]
    told = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120)
    return Path(json.loads(told.stdout)["Dir"]) / "config" / "crd" / "standard"
