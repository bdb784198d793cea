"""explain, diff, history, events and `get -o` on a real control plane, of a release by the installed controller."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import installed
from tests.e2e.harness import control_plane
from tests.e2e.test_plugin import Plugin

pytestmark = pytest.mark.e2e

SPACE = "explained"
ROLLOUT = """
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  strategy: {canary: {steps: [{setWeight: 50}, {pause: {}}]}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: "app:v1"}]}
"""


class Explaining(Plugin):
    """The plugin in a namespace of its own."""

    def __call__(self, *words: str, given: str = "") -> str:
        """What it prints; it may not fail."""
        done = self.run(*words, "-n", SPACE, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def plugin(tmp_path: Path) -> Iterator[Explaining]:
    """With a rollout whose second version waits for a person."""
    kubeconfig = control_plane().kubeconfig
    installed.install(kubeconfig, installed.roles())
    installed.kubectl(kubeconfig, "create", "namespace", SPACE)
    login = installed.account_kubeconfig(kubeconfig, tmp_path / "login")
    found = Explaining(kubeconfig)
    with installed.a_controller(login, tmp_path / "log", "--leader-elect=false"):
        found("create", "-f", "-", given=ROLLOUT)
        found("status", "web", "--timeout", "60s")
        found("set", "image", "web", "app=app:v2")
        paused = "--for=jsonpath={.status.phase}=Paused"
        installed.kubectl(kubeconfig, "wait", paused, "rollout/web", "-n", SPACE, "--timeout=60s")
        yield found
    installed.kubectl(kubeconfig, "delete", "namespace", SPACE, "--wait=true")


def test_a_real_release_is_explained(plugin: Explaining) -> None:
    """What an API server fills in is no difference; events of every form come in order."""
    said = json.loads(plugin("explain", "web", "-o", "json"))
    history = json.loads(plugin("history", "web", "-o", "json"))
    reasons = [each["reason"] for each in json.loads(plugin("events", "web", "-o", "json"))]
    differs = [
        line for line in plugin("diff", "web").splitlines() if line[:1] in "+-" and line[:3] not in ("---", "+++")
    ]

    assert said["waitsFor"] == "a person to promote it (CanaryPauseStep)"
    assert said["next"][0]["when"] == "once a person promotes it"
    assert "the new version becomes stable" in said["next"][0]["what"]
    assert [(each["number"], each["verdict"]) for each in history] == [(2, "under way"), (1, "stable")]
    assert differs == ["-  - image: app:v1", "+  - image: app:v2"]
    assert reasons.index("NewReplicaSetCreated") < reasons.index("RolloutPaused")
    assert "SuccessfulCreate" in reasons
    assert plugin("get", "rollout", "web", "-o", "jsonpath={.status.phase}") == "Paused"
    assert plugin("analysis", "web") == ""
