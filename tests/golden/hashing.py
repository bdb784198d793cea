"""pod_template_hash and step_hash."""

from rollouts.hashing import rollout_template_hash, steps_hash
from tests.golden.category import Category, Json


def _pod_template_hash(given: Json) -> Json:
    manifest = {"spec": {"template": given["template"]}, "status": {"collisionCount": given["collisionCount"]}}
    hashed = rollout_template_hash(manifest)
    answer: Json = {"hash": hashed.hash, "json": hashed.json, "fallbackDecoder": hashed.is_salvaged}
    return answer | ({"collisionCountSeen": hashed.collision_count} if hashed.is_salvaged else {})


def _step_hash(given: Json) -> Json:
    return {"currentStepHash": steps_hash(given["strategy"])}


POD_TEMPLATE_HASH = Category("pod_template_hash", _pod_template_hash)
STEP_HASH = Category("step_hash", _step_hash)
