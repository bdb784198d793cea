"""The embedded cluster's store: the whole `Cluster` port in process, deterministic, with an API server's semantics.

Made by simulations and tests, and by the HTTP front, which puts it on a socket:

    store = Store(now, seed=7)                    # `default` and the kube-* namespaces are there
    store.load_definitions([Path("crds")])        # files or folders; the Gateway API's routes are there from the start
    store.definitions                             # every Kind: resource, names, columns, raw_schema, subresources
    store.resource_for("apps", "v1", "replicasets")
    store.peek(target), store.peek_all(collection, query)   # as get and list, without await; None where nothing is
    store.compact()                               # from here on, older versions are answered by 410

Objects handed out are the stored ones and are never changed by the store; whoever gets one must not change it either.
Bodies taken in are copied. tests/contract says what holds here and on a real API server. Where the two differ: owners'
dependents are collected within the write that orphans them; unknown fields of built-in kinds are kept; of CEL rules
only immutability (`self == oldSelf`) is checked; no admission, no RBAC.
"""

from rollouts.simulator.store.core import Store
from rollouts.simulator.store.kinds import Column, Kind

__all__ = ["Column", "Kind", "Store"]
