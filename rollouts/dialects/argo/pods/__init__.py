"""Kubernetes' own rules for a pod template, in its words and order.

Called by the validation beside it: Argo hands a Rollout's template to the same rules and shows their texts. What comes
in is typed already (hashing has decoded it as Go would), so nothing here asks for types; defaults that an API server
would set are applied where a rule needs them. Volume types that only one vendor's cluster knows are not looked into.
"""
