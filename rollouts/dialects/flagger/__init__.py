"""Flagger: flagger.app/v1beta1. Facts: spec/flagger.md §1 and §2.

canary     a Canary as a Rollout         revision   the target's template and configs as one hash
status     its status, there and back    twins      target and primary as they stand
"""
