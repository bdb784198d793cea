"""The controller as install/ installs it, beside a real control plane. Called by scenarios and by tests/e2e.

CRDs, ServiceAccount and roles are those of the tree, and the CRDs of the Gateway API and of Istio those of their
modules, applied by kubectl. The program `sluice controller` runs here, with a token that the API server gave for that
ServiceAccount, so it can do what its roles allow and nothing else.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.contract.gateway import ISTIO, definitions_folder, module_folder
from tests.e2e.harness import ROOT

NAMESPACE, ACCOUNT = "argo-rollouts", "sluice-controller"
BIN = Path(sys.executable).parent
MESH = ("virtualservices.networking.istio.io", "destinationrules.networking.istio.io")
LAST_WISHES = 15.0
"""Seconds in which a controller that is told to end has to end."""

Json = dict[str, Any]


def kubectl(kubeconfig: Path, *words: str, given: str | None = None) -> str:
    """What kubectl prints; its complaint is the test's."""
    own = ("--kubeconfig", str(kubeconfig), "--cache-dir", str(kubeconfig.parent / "cache"))
    command = [str(BIN / "kubectl"), *own, *words]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}{done.stdout}"
    return done.stdout


def roles(*files: str) -> list[Json]:
    """What files of install/ hold beside the Deployment: account, roles and bindings; by default also for Canaries."""
    named = files or ("controller.yaml", "canaries.yaml")
    documents = (one for name in named for one in yaml.safe_load_all((ROOT / "install" / name).read_text()))
    return [one for one in documents if one["kind"] != "Deployment"]


def definitions_of(file: Path, *names: str) -> list[Json]:
    """The definitions of these names (none given: of any) among the documents of a file."""
    documents = [one for one in yaml.safe_load_all(file.read_text()) if one]
    return [one for one in documents if not names or one["metadata"]["name"] in names]


def install(kubeconfig: Path, rights: Sequence[Json]) -> None:
    """Apply definitions, the controller's namespace and these rights, and wait until the kinds are served."""
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    mesh = definitions_of(module_folder(ISTIO) / "kubernetes" / "customresourcedefinitions.gen.yaml", *MESH)
    everything = json.dumps({"apiVersion": "v1", "kind": "List", "items": [space, *rights, *mesh]})
    applying = ("apply", "--server-side", "--force-conflicts")
    kubectl(kubeconfig, *applying, *(f"--filename={path}" for path in (ROOT / "crds", definitions_folder())))
    kubectl(kubeconfig, *applying, "-n", NAMESPACE, "--filename=-", given=everything)
    kubectl(kubeconfig, "wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")


def account_kubeconfig(kubeconfig: Path, path: Path, account: str = ACCOUNT, namespace: str = NAMESPACE) -> Path:
    """A kubeconfig at `path` for a ServiceAccount: the same server, and a token asked of it."""
    token = kubectl(kubeconfig, "create", "token", account, "-n", namespace, "--duration=24h").strip()
    config = json.loads(kubectl(kubeconfig, "config", "view", "--raw", "--minify", "--flatten", "-o=json"))
    config["users"] = [{"name": account, "user": {"token": token}}]
    config["contexts"][0]["context"]["user"] = account
    path.touch(mode=0o600)
    path.write_text(json.dumps(config))
    return path


class Program:
    """A running `sluice controller`, and what it has logged."""

    def __init__(self, kubeconfig: Path, log: Path, flags: Sequence[str], namespace: str = NAMESPACE) -> None:
        self.log_file = log
        ports = ("--metricsPort=0", "--healthzPort=0")
        own = {"KUBECONFIG": str(kubeconfig), "POD_NAMESPACE": namespace, "TMPDIR": str(log.parent)}
        environment = {**os.environ, **own}  # what a killed program leaves lies beside its log, and goes with it
        with log.open("ab") as stream:
            self.process = subprocess.Popen(
                [BIN / "sluice", "controller", *ports, *flags],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )

    def lines(self) -> list[str]:
        """Its log."""
        return self.log_file.read_text(errors="replace").splitlines()

    def stop(self) -> int:
        """End it as Kubernetes does: SIGTERM, and SIGKILL where that does not help; its exit code."""
        self.process.terminate()
        try:
            return self.process.wait(LAST_WISHES)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """As the kernel ends it."""
        self.process.send_signal(signal.SIGKILL)
        return self.process.wait()


@contextmanager
def a_controller(kubeconfig: Path, log: Path, *flags: str) -> Iterator[Program]:
    """A controller with this login for as long as the block lasts."""
    program = Program(kubeconfig, log, flags)
    try:
        yield program
    finally:
        program.stop()
