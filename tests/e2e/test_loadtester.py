"""Two load testers beside a real API server, with the rights of install/loadtester.yaml: they share their gates."""

import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e import installed
from tests.e2e.harness import ROOT, ControlPlane, control_plane

pytestmark = pytest.mark.e2e

NAMESPACE, ACCOUNT = "loadtest", "sluice-loadtester"
PATIENCE = 60.0


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """The control plane of this run, with the load tester's account and role in a namespace of its own."""
    plane = control_plane()
    installed.kubectl(plane.kubeconfig, "create", "namespace", NAMESPACE)
    installed.kubectl(plane.kubeconfig, "-n", NAMESPACE, "apply", f"--filename={ROOT / 'install' / 'loadtester.yaml'}")
    yield plane
    installed.kubectl(plane.kubeconfig, "delete", "namespace", NAMESPACE, "--wait=false")


@pytest.fixture
def config(plane: ControlPlane, tmp_path: Path) -> Path:
    """Its login."""
    return installed.account_kubeconfig(plane.kubeconfig, tmp_path / "kubeconfig", ACCOUNT, NAMESPACE)


@contextmanager
def a_replica(config: Path, log: Path) -> Iterator[str]:
    """The address of a running one; SIGTERM ends it with code 0."""
    flags = ("--address=127.0.0.1", "--port=0", "--gates=cluster", f"--gates-namespace={NAMESPACE}")
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [installed.BIN / "sluice", "loadtester", *flags],
            env={**os.environ, "KUBECONFIG": str(config)},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.PIPE,
            text=True,
        )
    try:
        yield f"http://127.0.0.1:{_port(process)}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def _port(process: "subprocess.Popen[str]") -> int:
    assert process.stderr is not None
    told = (json.loads(line) for line in process.stderr)
    return next(int(line["port"]) for line in told if line["event"] == "listening")


def asked(url: str, body: str = '{"name": "podinfo", "namespace": "test"}') -> int:
    """The code of the answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body.encode()), timeout=PATIENCE) as answer:
            code: int = answer.status
            return code
    except urllib.error.HTTPError as error:
        return error.code


def test_two_replicas_share_a_gate(plane: ControlPlane, config: Path, tmp_path: Path) -> None:
    """With no right but the Role's: opened on one, open on the other, and closed for both by kubectl."""
    with a_replica(config, tmp_path / "one") as one, a_replica(config, tmp_path / "other") as other:
        assert asked(f"{other}/gate/check") == 403
        assert asked(f"{one}/gate/open") == 202
        assert asked(f"{other}/gate/check") == 200
        assert asked(f"{other}/rollback/check") == 403
        assert asked(f"{other}/rollback/open") == 202
        assert asked(f"{one}/rollback/check") == 200
        closing = '{"data": {"gate.podinfo.test": null}}'
        target = ("configmap", "sluice-loadtester-gates")
        installed.kubectl(plane.kubeconfig, "-n", NAMESPACE, "patch", *target, "--type=merge", f"--patch={closing}")
        assert asked(f"{one}/gate/check") == asked(f"{other}/gate/check") == 403
    with a_replica(config, tmp_path / "third") as third:
        assert asked(f"{third}/rollback/check") == 200
        assert asked(f"{third}/rollback/close") == 202
        assert asked(f"{third}/rollback/check") == 403


def test_a_real_server_takes_the_manifests(plane: ControlPlane) -> None:
    """As they stand, all of them, for the schema's strict eye too."""
    file = f"--filename={ROOT / 'install' / 'loadtester.yaml'}"
    said = installed.kubectl(plane.kubeconfig, "-n", NAMESPACE, "apply", "--validate=strict", "--dry-run=server", file)

    assert len(re.findall(r"unchanged|configured|created", said)) == 5
