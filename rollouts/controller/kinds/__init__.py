"""One module a kind that we reconcile: rollout, analysisrun, gitrepository, kustomization."""
