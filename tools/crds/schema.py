"""Words for structural OpenAPI schemas. Used by the modules beside it; each word takes the description first.

No word sets a default: objects stay as their authors wrote them, and an absent field means what the dialect says.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Schema = dict[str, Any]


def string(description: str, **more: Any) -> Schema:
    """Text; `more` is pattern, enum and the like."""
    return {"description": description, "type": "string", **more}


def integer(description: str, bits: int = 32) -> Schema:
    """A whole number of 32 or 64 bits."""
    return {"description": description, "type": "integer", "format": f"int{bits}"}


def number(description: str) -> Schema:
    """A number, whole or not."""
    return {"description": description, "type": "number"}


def boolean(description: str) -> Schema:
    """True or false."""
    return {"description": description, "type": "boolean"}


def time(description: str) -> Schema:
    """A moment in RFC 3339."""
    return string(description, format="date-time")


def int_or_string(description: str) -> Schema:
    """A number, or text that stands for one (a percentage, a duration, an argument)."""
    return {"description": description, "x-kubernetes-int-or-string": True}


def anything(description: str) -> Schema:
    """Any JSON value, kept as it is."""
    return {"description": description, "x-kubernetes-preserve-unknown-fields": True}


def free_object(description: str) -> Schema:
    """An object whose fields are somebody else's, kept as they are."""
    return {"description": description, "type": "object", "x-kubernetes-preserve-unknown-fields": True}


def obj(description: str, properties: Mapping[str, Schema], required: Sequence[str] = ()) -> Schema:
    """An object with just these fields."""
    schema: Schema = {"description": description, "type": "object"}
    if properties:
        schema["properties"] = dict(sorted(properties.items()))
    if required:
        schema["required"] = sorted(required)
    return schema


def array(description: str, items: Schema) -> Schema:
    """A list of one kind of item."""
    return {"description": description, "type": "array", "items": items}


def strings(description: str) -> Schema:
    """A list of texts."""
    return array(description, {"type": "string"})


def string_map(description: str) -> Schema:
    """Texts by name."""
    return {"description": description, "type": "object", "additionalProperties": {"type": "string"}}


def named(description: str, name: str) -> Schema:
    """An object of one required field: a name."""
    return obj(description, {"name": string(name)}, ["name"])


def pod_metadata(description: str) -> Schema:
    """Labels and annotations for pods or runs; other metadata is pruned."""
    labels, annotations = string_map("Labels by key."), string_map("Annotations by key.")
    return obj(description, {"labels": labels, "annotations": annotations})


def pod_template(description: str) -> Schema:
    """A pod template; its spec is Kubernetes' and is kept as it is."""
    spec = free_object("The pod's specification as Kubernetes has it.")
    return obj(description, {"metadata": pod_metadata("Labels and annotations of the pods."), "spec": spec})


def label_selector(description: str) -> Schema:
    """A label selector, replaced as a whole by server-side apply."""
    requirement = obj(
        "One requirement; all of them hold.",
        {
            "key": string("Label key."),
            "operator": string("In, NotIn, Exists or DoesNotExist."),
            "values": strings("Values for In and NotIn."),
        },
        ["key", "operator"],
    )
    fields = {
        "matchLabels": string_map("Labels that must be equal."),
        "matchExpressions": array("Requirements on labels.", requirement),
    }
    return {**obj(description, fields), "x-kubernetes-map-type": "atomic"}


def conditions(description: str) -> Schema:
    """Conditions of a Rollout or Experiment, with both times."""
    condition = obj(
        "One condition.",
        {
            "type": string("What it is about."),
            "status": string("True, False or Unknown."),
            "reason": string("One word for the cause."),
            "message": string("The cause in a sentence."),
            "lastUpdateTime": time("When it was last written."),
            "lastTransitionTime": time("When its status last changed."),
        },
        ["type", "status"],
    )
    return array(description, condition)
