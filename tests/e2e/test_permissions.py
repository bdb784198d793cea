"""The rights of install/ on a real API server: they are enough, and one that is missing is named."""

import copy
import subprocess
import threading
from pathlib import Path

import pytest

from rollouts.cluster.client import HttpCluster
from rollouts.cluster.login import login
from rollouts.controller.permissions import missing_rules
from rollouts.controller.settings import Settings
from tests.e2e import installed
from tests.e2e.harness import control_plane

pytestmark = pytest.mark.e2e

Json = installed.Json
PATIENCE = 60.0


def under(name: str, rights: list[Json]) -> list[Json]:
    """The same account, role and binding under another name."""
    renamed = copy.deepcopy(rights)
    for one in renamed:
        one["metadata"]["name"] = name
        if one["kind"].endswith("RoleBinding"):
            one["roleRef"]["name"] = one["subjects"][0]["name"] = name
    return renamed


def without(verb: str, resource: str, rights: list[Json]) -> list[Json]:
    """The same without one verb on one resource."""
    for one in rights:
        for rule in one.get("rules", ()):
            if resource in rule["resources"]:
                rule["verbs"].remove(verb)
    return rights


def account(folder: Path, name: str, rights: list[Json]) -> Path:
    """Install these rights; a kubeconfig of the ServiceAccount that has them."""
    kubeconfig = control_plane().kubeconfig
    installed.install(kubeconfig, rights)
    return installed.account_kubeconfig(kubeconfig, folder / name, name)


def remove(*names: str) -> None:
    """Take installed rights away again."""
    kubeconfig = control_plane().kubeconfig
    for name in names:
        installed.kubectl(kubeconfig, "delete", "clusterrole,clusterrolebinding", name)
        installed.kubectl(kubeconfig, "delete", "serviceaccount", name, "-n", installed.NAMESPACE)


async def test_the_installed_rights_are_enough(tmp_path: Path) -> None:
    """The server grants all that the controller asks about at its start."""
    config = account(tmp_path, installed.ACCOUNT, installed.roles())
    async with HttpCluster(login(kubeconfig=str(config))) as cluster:
        assert await missing_rules(cluster, Settings()) == ()


def test_a_missing_right_is_printed_as_the_rule_to_add(tmp_path: Path) -> None:
    """A role made by hand without one verb: the controller starts, and says which rule is to be added."""
    name = "sluice-lacks-a-verb"
    config = account(tmp_path, name, without("patch", "replicasets", under(name, installed.roles("controller.yaml"))))
    try:
        told = [line for line in first_lines(config, until="a role lacks a rule") if "lacks a rule" in line]
    finally:
        remove(name)

    assert "apiGroups: ['apps'], resources: [replicasets], verbs: ['patch']" in told[0]


def first_lines(config: Path, *, until: str) -> list[str]:
    """What a controller with this login prints before and with the first line that holds these words."""
    flags = ("--metricsPort=0", "--healthzPort=0", f"--kubeconfig={config}", "--instance-id=lacking")
    lines = []
    with subprocess.Popen(
        [installed.BIN / "sluice", "controller", *flags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        limit = threading.Timer(PATIENCE, process.kill)
        limit.start()
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if until in line:
                break
        limit.cancel()
        process.terminate()
    assert until in lines[-1], "".join(lines)
    return lines
