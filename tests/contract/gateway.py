"""The definitions of others, from their Go modules at test time: never as copies in the tree."""

import json
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.e2e.harness import SCRIPTS

MODULE = "sigs.k8s.io/gateway-api@v1.4.0"
ISTIO = "istio.io/api@v1.27.3"


@cache
def module_folder(module: str) -> Path:
    """Where Go has put this version of a module; the test is skipped where there is no Go to fetch it."""
    found = subprocess.run([SCRIPTS / "build.sh", "--go"], stdout=subprocess.PIPE, check=False, text=True)
    if found.returncode:
        pytest.skip(f"needs go, to fetch {module}")
    command = [found.stdout.strip(), "mod", "download", "-json", module]
    told = subprocess.run(command, capture_output=True, check=True, text=True, timeout=120)
    return Path(json.loads(told.stdout)["Dir"])


def definitions_folder(module: str = MODULE) -> Path:
    """The folder of the Gateway API's standard channel."""
    return module_folder(module) / "config" / "crd" / "standard"
