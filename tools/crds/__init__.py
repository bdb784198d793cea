"""The custom resource definitions as Python values. `python -m tools.crds` writes them to `crds/`, one YAML a kind.

They share large parts (metrics, arguments, selectors), which is why they are composed here instead of copied there.
"""
