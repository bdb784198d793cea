"""The hashes that name versions: of a pod template and of a canary's steps.

Called by the Argo dialect and by workloads. ReplicaSets are named by these hashes and users know the names, so they are
byte for byte what Go makes of the same manifest: typed JSON of the template, hashed, in an alphabet without vowels.
"""

from rollouts.hashing.hashes import Hashed, rollout_template_hash, steps_hash, template_hash
from rollouts.hashing.typed import typed, typed_text

__all__ = ["Hashed", "rollout_template_hash", "steps_hash", "template_hash", "typed", "typed_text"]
