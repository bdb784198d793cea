"""A network of our own, in which fake pods have addresses that answer. Called by __main__, before all else starts.

kwok gives pods addresses of CIDR that no interface has, and endpoints may not be loopback. In a network namespace of
its own the kernel takes the whole range for local (AnyIP), so that one program can listen on each pod's own address.
Everything that must reach them (API server, gateways, controller) is started inside, and fixed ports meet nobody.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import Final

CIDR: Final = "10.0.0.0/16"
"""The addresses that controlplane.sh tells kwok to give to pods."""

_NEEDED: Final = ("ip", "unshare")
_PATH: Final = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))


def entered(command: Sequence[str]) -> list[str]:
    """The command line that runs this one in a new network namespace; as root there, whoever we are here."""
    as_root = () if os.geteuid() == 0 else ("--map-root-user",)
    return [str(shutil.which("unshare", path=_PATH)), "--net", *as_root, *command]


def obstacle() -> str:
    """Why no such network can be had here, "" where it can."""
    missing = [name for name in _NEEDED if shutil.which(name, path=_PATH) is None]
    if missing:
        return f"needs the program {missing[0]}"
    tried = subprocess.run(entered(["true"]), capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"needs root or user namespaces: {tried.stderr.strip()}"


def open_up() -> None:
    """From inside: bring loopback up, and make every address of CIDR one of ours."""
    ip = str(shutil.which("ip", path=_PATH))
    subprocess.run([ip, "link", "set", "lo", "up"], check=True)
    subprocess.run([ip, "route", "add", "local", CIDR, "dev", "lo"], check=True)
