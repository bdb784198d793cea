"""The cluster that Jobs of analyses run in: none named, one by its kubeconfig, the pod's own."""

from pathlib import Path

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.client import ClientSettings
from rollouts.cluster.login import LoginError
from rollouts.cluster.port import Collection
from rollouts.controller.clock import wall_clock
from rollouts.controller.production import IN_CLUSTER, cluster_of_jobs
from rollouts.simulator.api import serve
from rollouts.simulator.store import Store


async def test_without_a_name_jobs_run_where_their_runs_are() -> None:
    """No second login is made."""
    async with cluster_of_jobs("", ClientSettings()) as cluster:
        assert cluster is None


async def test_a_kubeconfig_names_another_cluster(tmp_path: Path) -> None:
    """It is asked with the credentials of that file."""
    store = Store(wall_clock)
    await store.create(Collection(kinds.NAMESPACES), {"metadata": {"name": "there"}})
    async with serve(store) as front:
        kubeconfig = front.kubeconfig(tmp_path / "kubeconfig")
        async with cluster_of_jobs(str(kubeconfig), ClientSettings()) as cluster:
            assert cluster is not None
            found = await cluster.list(Collection(kinds.NAMESPACES))

    assert "there" in [namespace["metadata"]["name"] for namespace in found.items]


async def test_the_pods_own_account_needs_a_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever kubeconfig there is, it is not taken for it."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(LoginError, match="only the pod's own account was asked for"):
        async with cluster_of_jobs(IN_CLUSTER, ClientSettings()):
            raise AssertionError
