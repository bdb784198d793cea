"""docs/install.md as a stranger follows it: its commands, in order, against a real control plane.

Pods are fake there: a stand-in for the kubelet runs the controllers.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rollouts.controller.roster import ALWAYS
from tests.e2e import installed
from tests.e2e.harness import ROOT, ControlPlane, own_control_plane
from tests.e2e.kubelet import Kubelet, a_kubelet

pytestmark = pytest.mark.e2e

LEFT_OUT = {"docker": "no Docker here", "pipx": "installed already", "kubelet": "fake pods have no logs"}
STAND_INS = {"argo": "kubectl -n argo-rollouts create deployment argo-rollouts --image=argo"}
"""What has to be there before a block of this tag."""
LABEL = "app.kubernetes.io/name=sluice-controller"


@dataclass(frozen=True)
class Block:
    """Commands of the page; `tag` says what they need that is not everywhere."""

    tag: str
    text: str


def blocks(name: str = "install.md") -> list[Block]:
    """The page's commands, in order."""
    page = (ROOT / "docs" / name).read_text()
    return [Block(tag.strip(), text) for tag, text in re.findall(r"^```sh(.*?)\n(.*?)^```$", page, re.DOTALL | re.M)]


@pytest.fixture(scope="module")
def plane() -> ControlPlane:
    """A control plane for this file alone: it installs, and takes away what others would need."""
    return own_control_plane()


@pytest.fixture
def kubelet(plane: ControlPlane, tmp_path: Path) -> Iterator[Kubelet]:
    """Runs our controllers, one a namespace."""
    with a_kubelet(plane.kubeconfig, tmp_path, "-A", f"--selector={LABEL}", by="namespace") as found:
        yield found


def run(plane: ControlPlane, home: Path, commands: str) -> str:
    """The commands as typed into a shell at the top of the repository."""
    path = f"{installed.BIN}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "HOME": str(home), "KUBECONFIG": str(plane.kubeconfig)}
    shell = ["bash", "-euo", "pipefail", "-c", commands]
    done = subprocess.run(shell, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_page_can_be_followed(plane: ControlPlane, kubelet: Kubelet, tmp_path: Path) -> None:
    """Every block that can run here runs, in order, and the rollout of the page is released."""
    said = ""
    for block in blocks():
        if block.tag in LEFT_OUT:
            continue
        run(plane, tmp_path, STAND_INS.get(block.tag, ":"))
        said += run(plane, tmp_path, block.text)
        kubelet.look()

    assert {block.tag for block in blocks()} == {"", *LEFT_OUT, *STAND_INS}
    assert "Healthy" in said
    assert kubelet.programs == {}
    for log in tmp_path.glob("*.log"):
        assert "lacks a rule" not in log.read_text()
        assert "defect" not in log.read_text()


NAMESPACED = """
kubectl apply --server-side -f crds/
kubectl create namespace small
kubectl -n small apply -f install/namespaced.yaml
"""
ROLLOUT = """
kubectl -n small apply -f - <<'JSON'
{}
JSON
kubectl -n small wait --for=condition=Healthy rollout/web --timeout=60s
kubectl sluice -n small get rollout web
"""


def test_one_namespace_needs_its_role_only(plane: ControlPlane, kubelet: Kubelet, tmp_path: Path) -> None:
    """With the Role of install/namespaced.yaml nothing is refused, and nothing cluster-scoped is asked for."""
    run(plane, tmp_path, NAMESPACED)
    arguments = ["--namespaced", "--kloglevel=6", "--logformat=json"]
    program = kubelet.start("small", "small", arguments)
    run(plane, tmp_path, ROLLOUT.format(json.dumps(a_rollout())))
    assert program.stop() == 0
    lines = [json.loads(line) for line in program.lines()]
    requests = [line for line in lines if line["event"] == "request"]
    read = {line["path"] for line in requests if line["verb"] in ("List", "Watch")}

    assert {line["path"] for line in requests if line["code"] == 403} == set()
    assert len(read) >= len(ALWAYS)
    assert [path for path in read if "/namespaces/small/" not in path] == []
    assert [line for line in lines if "lacks a rule" in line["event"]] == []


def a_rollout() -> dict[str, object]:
    """A rolling update of two pods."""
    labels = {"app": "web"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "web:v1"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": pod, "strategy": {"canary": {}}}
    api = "argoproj.io/v1alpha1"
    return {"apiVersion": api, "kind": "Rollout", "metadata": {"name": "web"}, "spec": spec}
