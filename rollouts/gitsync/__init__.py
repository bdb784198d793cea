"""From a commit in Git to objects in the cluster.

Pure: sources, kustomizations, manifests, kustomize, inventory, plan, leases, conditions, status.
Shell: checkout (git), render (kubectl kustomize), sync (the cluster). Queue and timers are the controller's.
"""
