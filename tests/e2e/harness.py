"""Finds or makes a real control plane, once a test run. Called by the contract suite's real places and by tests/e2e.

In this order (see controlplane/README.md): a kubeconfig that we may use, kind, KUBEBUILDER_ASSETS, our own build.
What was started here is stopped when the run ends.
"""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import aiohttp
import pytest

ROOT: Final = Path(__file__).resolve().parent.parent.parent
SCRIPTS: Final = ROOT / "controlplane"
ALLOWED: Final = "SLUICE_E2E_KUBECONFIG"
KIND_CLUSTER: Final = "sluice-e2e"
KUBECTL: Final = Path(sys.executable).with_name("kubectl")
PARTS: Final = ("kube-controller-manager", "kube-scheduler", "kwok")


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """A running API server. `compact` makes it forget its past, None where its etcd is out of reach.

    `has_nodes`: kwok's fake nodes are there, so that pods live and die by controlplane/kwok. `script` runs a verb of
    controlplane.sh on it, None where it is not ours.
    """

    kubeconfig: Path
    has_garbage_collector: bool = True
    has_nodes: bool = False
    compact: Callable[[], Awaitable[None]] | None = None
    script: Callable[..., None] | None = None


@cache
def control_plane() -> ControlPlane:
    """The control plane of this run; the first call may take minutes where it has to be built."""
    return given(os.environ) or in_kind(os.environ) or of_assets(os.environ) or own_control_plane()


def given(environ: Mapping[str, str]) -> ControlPlane | None:
    """The cluster of $KUBECONFIG, where it is said that tests may write to it."""
    if environ.get(ALLOWED) != "1":
        return None
    kubeconfig = Path(environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")
    if not kubeconfig.is_file():
        pytest.fail(f"{ALLOWED}=1, but {kubeconfig} is no file: set KUBECONFIG to the cluster's kubeconfig")
    fake = [str(KUBECTL), "--kubeconfig", str(kubeconfig), "get", "nodes", "--selector=type=kwok", "--output=name"]
    nodes = subprocess.run(fake, capture_output=True, text=True, check=False).stdout
    return ControlPlane(kubeconfig, has_nodes=bool(nodes.strip()))


def in_kind(environ: Mapping[str, str]) -> ControlPlane | None:
    """A cluster of kind's, where Docker runs; pods go to kwok's nodes there too, and never into a container."""
    kind, docker = (shutil.which(name, path=environ.get("PATH")) for name in ("kind", "docker"))
    if not kind or not docker or subprocess.run([docker, "info"], capture_output=True, check=False).returncode:
        return None
    folder = Path(tempfile.mkdtemp(prefix="sluice-kind-"))
    kubeconfig = folder / "kubeconfig"
    named = ["--name", f"{KIND_CLUSTER}-{os.getpid()}", "--kubeconfig", str(kubeconfig)]
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True))
    atexit.register(subprocess.run, [kind, "delete", "cluster", *named], capture_output=True, check=False)
    subprocess.run([kind, "create", "cluster", *named, "--wait", "120s"], check=True)
    own = {"KUBECONFIG": str(kubeconfig), "KUBE_BIN": str(_built("kwok")), "CP_DIR": str(folder / "nodes")}
    environment = {**environ, **_free_ports("CP_KWOK_PORT"), "KUBECTL": str(KUBECTL), **own}
    _script("down", environment=environment, at_exit=True)
    _script("nodes", environment=environment)
    return ControlPlane(kubeconfig, has_nodes=True)


def of_assets(environ: Mapping[str, str]) -> ControlPlane | None:
    """The programs that controller-runtime's tests use too: etcd and kube-apiserver, and what else lies there."""
    folder = environ.get("KUBEBUILDER_ASSETS")
    if not folder:
        return None
    missing = [name for name in ("etcd", "kube-apiserver") if not (Path(folder) / name).exists()]
    if missing:
        pytest.fail(f"KUBEBUILDER_ASSETS={folder} has no {missing[0]}: run setup-envtest, or unset it to build our own")
    return _started(Path(folder), [part for part in PARTS if (Path(folder) / part).exists()])


def own_control_plane() -> ControlPlane:
    """One more, of our own build, for those who do to it what others must not suffer."""
    return _started(_built(), PARTS)


def _built(*programs: str) -> Path:
    """The folder of our own build of these programs (default: all)."""
    built = subprocess.run([SCRIPTS / "build.sh", *programs], stdout=subprocess.PIPE, text=True, check=False)
    if built.returncode:
        pytest.fail("controlplane/build.sh failed: its output above says why")
    return Path(built.stdout.strip().splitlines()[-1])


def _end_by_interrupt() -> None:
    """Let SIGTERM (of `timeout`, of CI) end the run as Ctrl-C does, so that what was started here is stopped."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _started(programs: Path, parts: Sequence[str]) -> ControlPlane:
    """Start etcd, kube-apiserver and these parts on free ports of loopback."""
    folder = Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
    ports = _free_ports("CP_PORT", "CP_ETCD_PORT", "CP_PEER_PORT", "CP_KWOK_PORT")
    own = {"CP_DIR": str(folder), "CP_PARTS": " ".join(parts), "KUBE_BIN": str(programs), "KUBECTL": str(KUBECTL)}
    environment = {**os.environ, **ports, **own}
    _script("down", environment=environment, at_exit=True)
    _script("up", environment=environment)
    return ControlPlane(
        folder / "kubeconfig",
        has_garbage_collector=PARTS[0] in parts,
        has_nodes=set(parts) == set(PARTS),
        script=lambda *verb: _script(*verb, environment=environment),
        compact=_compaction(f"http://127.0.0.1:{ports['CP_ETCD_PORT']}"),
    )


def _script(*verb: str, environment: Mapping[str, str], at_exit: bool = False) -> None:
    command = [str(SCRIPTS / "controlplane.sh"), *verb]
    if at_exit:
        _end_by_interrupt()
        atexit.register(subprocess.run, command, env=environment, check=False)
        return
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"controlplane.sh {' '.join(verb)}: {done.stderr}")


def _free_ports(*names: str) -> dict[str, str]:
    """Ports that are free now, all different: they are held until each has its number."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in names]
    numbers = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return dict(zip(names, numbers, strict=True))


def _compaction(etcd: str) -> Callable[[], Awaitable[None]]:
    """etcd's own compaction, over its JSON gateway. A write of no meaning comes first: all before it is forgotten."""

    async def compact() -> None:
        async with aiohttp.ClientSession(etcd) as session:  # noqa: TID251  # etcd, not the API server
            async with session.post("/v3/kv/put", json={"key": "c2x1aWNl", "value": ""}) as response:
                revision = (await response.json())["header"]["revision"]
            body = {"revision": revision, "physical": True}
            async with session.post("/v3/kv/compaction", json=body) as response:
                response.raise_for_status()

    return compact
