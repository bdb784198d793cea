"""The embedded cluster on a socket: enough of the Kubernetes API for kopf, our clients and a stock kubectl.

Called by the demo, by `sluice` programs that want a cluster over HTTP, and by tests:

    async with serve(store) as front:      # port 0: a free one
        front.url                          # http://127.0.0.1:41233
        front.kubeconfig(path)             # written for kubectl and the controller

Everything is answered from the store's port; this package only speaks HTTP: paths, media types, tables, discovery,
streams. Nobody is asked who they are: it binds to loopback.
"""

from rollouts.simulator.api.server import Front, serve

__all__ = ["Front", "serve"]
