"""What is kept of ConfigMaps and Secrets."""

import json

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Resource
from rollouts.controller.caches import TRIMS, Caches
from rollouts.model.objects import ref_of
from rollouts.workloads.marks import LAST_APPLIED


@pytest.mark.parametrize("resource", [kinds.CONFIG_MAPS, kinds.SECRETS], ids=lambda resource: resource.kind)
def test_no_contents_are_kept(resource: Resource) -> None:
    """Neither what pods read of it, nor what kubectl notes of that; what marks it stays."""
    meta = {"name": "keys", "namespace": "shop", "uid": "1", "resourceVersion": "7"}
    config: Json = {"apiVersion": "v1", "kind": resource.kind, "metadata": meta, "data": {"token": "aHVzaA=="}}
    notes = {LAST_APPLIED: json.dumps(config), "flagger.app/config-tracking": "disabled"}
    caches = Caches([resource], TRIMS)
    caches.put({**config, "metadata": {**meta, "annotations": notes}})
    kept = caches.find(ref_of(config))

    assert kept is not None
    assert "aHVzaA" not in json.dumps(kept)
    assert kept["metadata"]["annotations"] == {"flagger.app/config-tracking": "disabled"}
