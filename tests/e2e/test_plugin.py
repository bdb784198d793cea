"""The plugin on a real API server, as whole programs: what it writes is taken, and refusals come out as one line."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import installed
from tests.e2e.harness import control_plane

pytestmark = pytest.mark.e2e

Json = installed.Json
BIN = Path(sys.executable).parent
NAMESPACE = "plugin"
OBJECTS = """
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  strategy: {canary: {steps: [{setWeight: 20}, {pause: {}}]}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, image: "app:v1"}]}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: rate}
spec:
  args: [{name: service}]
  metrics: [{name: m, provider: {prometheus: {query: "up"}}}]
---
apiVersion: argoproj.io/v1alpha1
kind: Experiment
metadata: {name: try}
spec: {templates: []}
"""


class Plugin:
    """Runs the installed plugin in the namespace of these tests."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig

    def run(self, *words: str, given: str = "", program: str = "kubectl-sluice") -> subprocess.CompletedProcess[str]:
        """The ended process."""
        return subprocess.run(
            [str(BIN / program), *words],
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig), "PATH": f"{BIN}:{os.environ['PATH']}"},
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def __call__(self, *words: str, given: str = "") -> str:
        """What it prints; it may not fail."""
        done = self.run(*words, "-n", NAMESPACE, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *words: str) -> str:
        """What it complains about, in one line."""
        done = self.run(*words, "-n", NAMESPACE)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        return done.stderr.rstrip("\n")

    def object(self, kind: str, name: str) -> Json:
        """As the server holds it."""
        found: Json = json.loads(installed.kubectl(self.kubeconfig, "get", kind, name, "-n", NAMESPACE, "-o", "json"))
        return found


@pytest.fixture
def plugin() -> Iterator[Plugin]:
    """With one rollout, one template, one experiment, all made by the plugin itself."""
    kubeconfig = control_plane().kubeconfig
    installed.install(kubeconfig, [])
    installed.kubectl(kubeconfig, "create", "namespace", NAMESPACE)
    found = Plugin(kubeconfig)
    assert found("create", "-f", "-", given=OBJECTS).splitlines() == [
        "rollout.argoproj.io/web created",
        "analysistemplate.argoproj.io/rate created",
        "experiment.argoproj.io/try created",
    ]
    yield found
    installed.kubectl(kubeconfig, "delete", "namespace", NAMESPACE, "--wait=true")


def test_what_it_writes_is_taken(plugin: Plugin) -> None:
    """Patches of the status subresource and of the spec, a PUT of the whole object, runs, experiments."""
    assert plugin("abort", "web") == "rollout 'web' aborted\n"
    assert plugin.object("rollout", "web")["status"]["abort"] is True
    plugin("retry", "rollout", "web")
    assert not plugin.object("rollout", "web")["status"].get("abort")
    plugin("pause", "web")
    assert plugin.object("rollout", "web")["spec"]["paused"] is True
    plugin("promote", "web", "--full")
    assert plugin.object("rollout", "web")["spec"]["paused"] is False
    plugin("restart", "web")
    assert plugin.object("rollout", "web")["spec"]["restartAt"]
    assert plugin("set", "image", "web", "app=app:v2") == 'rollout "web" image updated\n'
    assert plugin.object("rollout", "web")["spec"]["template"]["spec"]["containers"][0]["image"] == "app:v2"

    plugin("create", "analysisrun", "--from", "rate", "-a", "service=web", "--name", "run")
    assert plugin.object("analysisrun", "run")["spec"]["args"] == [{"name": "service", "value": "web"}]
    assert plugin("terminate", "ar", "run") == "analysisRun 'run' terminated\n"
    assert plugin.object("analysisrun", "run")["spec"]["terminate"] is True
    plugin("terminate", "experiment", "try")
    assert plugin.object("experiment", "try")["spec"]["terminate"] is True
    assert plugin("retry", "experiment", "try") == "experiment 'try' retried\n"


def test_what_it_shows_is_what_there_is(plugin: Plugin) -> None:
    """Trees, lists, and names for completion, through kubectl's plugin mechanism too."""
    assert plugin("get", "rollout", "web").splitlines()[0] == "Name:            web"
    assert plugin("get", "experiment", "try").splitlines()[0] == "Name:            try"
    listed = plugin("list", "rollouts")
    assert listed.splitlines()[1].split()[:2] == ["web", "Canary"]
    assert plugin("list", "experiments").splitlines()[1].split()[0] == "try"

    by_kubectl = plugin.run("sluice", "list", "rollouts", "-n", NAMESPACE, program="kubectl")
    completed = plugin.run("__complete", "sluice", "-n", NAMESPACE, "get", "rollout", "w", program="kubectl")

    assert by_kubectl.stdout == listed
    assert completed.stdout.splitlines()[0].split("\t")[0] == "web"


def test_refusals_are_one_line_in_the_servers_words(plugin: Plugin, tmp_path: Path) -> None:
    """Not found with a near name; forbidden, as a person without rights; a credential that nobody knows."""
    assert plugin.refused("promote", "wbe") == 'Error: rollouts.argoproj.io "wbe" not found; did you mean "web"?'
    assert plugin.refused("undo", "web") == 'Error: no revision found for rollout "web"'
    stranger = plugin.refused("get", "rollout", "web", "--as", "jane", "--as-group", "a", "--as-group", "b")
    assert 'is forbidden: User "jane" cannot get resource "rollouts"' in stranger
    unknown = plugin.refused("get", "rollout", "web", "--token", "nobody", *_without_certificate(plugin, tmp_path))
    assert "the server does not know who you are" in unknown


def _without_certificate(plugin: Plugin, folder: Path) -> tuple[str, ...]:
    """Flags under which only the token speaks: a user of the kubeconfig that has nothing of its own."""
    config = json.loads(installed.kubectl(plugin.kubeconfig, "config", "view", "--raw", "-o", "json"))
    bare = {**config, "users": [*config["users"], {"name": "bare", "user": {}}]}
    path = folder / "bare-kubeconfig"
    path.write_text(json.dumps(bare))
    return ("--kubeconfig", str(path), "--user", "bare")
