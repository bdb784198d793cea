"""Argo Rollouts: argoproj.io/v1alpha1. Facts: spec/argo-rollouts.md §1 and §2.1."""
