"""Sluice: progressive delivery for Kubernetes. The packages below are layers; docs/architecture.md names them."""
