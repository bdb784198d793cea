"""docs/migrate-from-argo-rollouts.md as a stranger follows it, in the middle of a canary, on a real control plane.

Pods are fake there: a stand-in for the kubelet runs the program of each of the two Deployments. Argo's part is played
by a controller of ours without an instance id.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.manifests import a_rollout, a_template, canary, pause, weight
from tests.e2e import installed
from tests.e2e.harness import ControlPlane, own_control_plane
from tests.e2e.kubelet import Kubelet, a_kubelet
from tests.e2e.test_install import blocks, run

pytestmark = pytest.mark.e2e

ARGO, OURS = "argo-rollouts", "sluice-controller"
CANARY = canary(weight(50), pause(), maxSurge=1, maxUnavailable=0, analysis={"templates": [{"templateName": "check"}]})


@pytest.fixture(scope="module")
def plane() -> ControlPlane:
    """A control plane for this file alone: controllers come and go."""
    return own_control_plane()


@pytest.fixture
def kubelet(plane: ControlPlane, tmp_path: Path) -> Iterator[Kubelet]:
    """Runs both controllers of the namespace, by the names of their Deployments."""
    with a_kubelet(plane.kubeconfig, tmp_path, f"--namespace={installed.NAMESPACE}", by="name") as found:
        yield found


def ask(plane: ControlPlane, *words: str, given: object = None) -> str:
    """What kubectl prints in the namespace of the page's rollout."""
    return installed.kubectl(plane.kubeconfig, "-n", "shop", *words, given=None if given is None else json.dumps(given))


def in_use(plane: ControlPlane) -> list[object]:
    """The versions with their sizes, and the names of the AnalysisRuns."""
    versions = json.loads(ask(plane, "get", "replicasets", "-o=json"))["items"]
    runs = json.loads(ask(plane, "get", "analysisruns", "-o=json"))["items"]
    return [*((one["metadata"]["name"], one["spec"]) for one in versions), *(run["metadata"]["name"] for run in runs)]


def paused_at(plane: ControlPlane, image: str) -> None:
    """Release a version, and wait for its pause."""
    path = "/spec/template/spec/containers/0/image"
    ask(plane, "patch", "rollout", "web", "--type=json", f'-p=[{{"op":"replace","path":"{path}","value":"{image}"}}]')
    ask(plane, "wait", "rollout/web", "--for=condition=Healthy=False", "--timeout=60s")
    ask(plane, "wait", "rollout/web", "--for=condition=Paused", "--timeout=60s")


def test_the_page_can_be_followed(plane: ControlPlane, kubelet: Kubelet, tmp_path: Path) -> None:
    """A paused canary moves over and back, twice, unchanged; whoever has it promotes it, and goes on releasing."""
    installed.install(plane.kubeconfig, installed.roles())
    run(
        plane,
        tmp_path,
        f"kubectl -n {installed.NAMESPACE} create deployment {ARGO} --image=argo && kubectl create ns shop",
    )
    labels = f'{{"spec":{{"template":{{"metadata":{{"labels":{{"app.kubernetes.io/name":"{ARGO}"}}}}}}}}}}'
    installed.kubectl(plane.kubeconfig, "-n", installed.NAMESPACE, "patch", "deployment", ARGO, f"-p={labels}")
    kubelet.look()
    later = a_template(initialDelay="1h")
    ask(plane, "apply", "-f=-", given=an_object_list(later, a_rollout(CANARY)))
    ask(plane, "wait", "rollout/web", "--for=condition=Healthy", "--timeout=60s")
    paused_at(plane, "web:v2")
    before, said, owners = in_use(plane), "", []

    for block in blocks("migrate-from-argo-rollouts.md"):
        said += run(plane, tmp_path, block.text)
        kubelet.look()
        owners.append(tuple(sorted(kubelet.programs)))
        if "promote" not in said:
            time.sleep(3)  # whoever has it now has the time to do what it should not
            assert in_use(plane) == before

    assert owners == [(), (OURS,), (), (ARGO,), (ARGO, OURS), (ARGO, OURS), (ARGO, OURS)]
    assert "Healthy" in said
    paused_at(plane, "web:v3")
    assert "web:v3" not in (tmp_path / f"{OURS}.log").read_text()
    for log in tmp_path.glob("*.log"):
        assert "defect" not in log.read_text()


def an_object_list(*objects: object) -> dict[str, object]:
    """Several objects for one apply."""
    return {"apiVersion": "v1", "kind": "List", "items": list(objects)}
