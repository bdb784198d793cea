"""Is this pod template the one that is wanted? Called where no ReplicaSet carries the wanted hash.

A ReplicaSet that an older program named by another hash is then adopted instead of rolled out again. The price of a
wrong yes is an update that never happens, so every field must agree; all that a live template may have beside the
wanted one is the hash label and what Kubernetes fills in by itself.
"""

from collections.abc import Mapping
from typing import Any

from rollouts.model.keys import HASH_LABEL
from rollouts.model.objects import Json

_FILLED_IN: Mapping[str, tuple[Any, ...]] = {
    "apiVersion": ("v1",),
    "creationTimestamp": (None,),
    "defaultMode": (420,),
    "dnsPolicy": ("ClusterFirst",),
    "expirationSeconds": (3600,),
    "failureThreshold": (3,),
    "path": ("/",),
    "periodSeconds": (10,),
    "protocol": ("TCP",),
    "resources": ({},),
    "restartPolicy": ("Always",),
    "schedulerName": ("default-scheduler",),
    "scheme": ("HTTP",),
    "securityContext": ({},),
    "service": ("",),
    "successThreshold": (1,),
    "terminationGracePeriodSeconds": (30,),
    "terminationMessagePath": ("/dev/termination-log",),
    "terminationMessagePolicy": ("File",),
    "timeoutSeconds": (1,),
    "type": ("",),
}
"""Fields that the API server sets where a template leaves them out, and the values it gives them."""


def is_same_template(wanted: Json, live: Json) -> bool:
    """Whether a live template is the wanted one plus the hash label and defaults."""
    return bool(wanted.get("spec")) and _is_same(_comparable(wanted), _comparable(live))


def _comparable(template: Json) -> Json:
    """The template without the hash label and without `serviceAccount`, the old name of `serviceAccountName`."""
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH_LABEL}
    return {
        "metadata": {**metadata, "labels": labels},
        "spec": {key: value for key, value in spec.items() if key != "serviceAccount"},
    }


def _is_same(wanted: Any, live: Any) -> bool:
    if isinstance(wanted, dict) and isinstance(live, dict):
        return all(_is_same_field(key, wanted, live) for key in wanted.keys() | live.keys())
    if isinstance(wanted, list) and isinstance(live, list):
        return len(wanted) == len(live) and all(_is_same(*pair) for pair in zip(wanted, live, strict=True))
    return bool(wanted == live)


def _is_same_field(key: str, wanted: Json, live: Json) -> bool:
    """A field that only one side has is the same where it says what Kubernetes fills in."""
    if key in wanted and key in live:
        return _is_same(wanted[key], live[key])
    holder = wanted if key in wanted else live
    if key == "imagePullPolicy":
        return bool(holder[key] == _pull_policy(str(holder.get("image", ""))))
    return holder[key] is None or holder[key] in _FILLED_IN.get(key, ())


def _pull_policy(image: str) -> str:
    """Kubernetes: an image without a tag, or tagged latest, is pulled each time."""
    tag = image.rpartition("/")[2].partition(":")[2]
    return "Always" if "@" not in image and tag in ("", "latest") else "IfNotPresent"
