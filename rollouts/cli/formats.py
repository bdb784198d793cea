"""An object in the form that `-o` asks for, as kubectl words them: json, yaml, name, wide, jsonpath. Called by get."""

import json
from collections.abc import Iterator
from datetime import datetime

from analysis.errors import PathError
from analysis.jsonpath_template import filled
from rollouts.cli.ages import since
from rollouts.cli.canary import is_blue_green, progress, step_text
from rollouts.cli.phase import desired, phase_of
from rollouts.cli.session import CommandError
from rollouts.cluster.port import Json, Resource

KNOWN = ("json", "yaml", "name", "wide", "jsonpath=TEMPLATE")


def printed(form: str, obj: Json, resource: Resource, now: datetime) -> str:
    """The text, ended as kubectl ends it: jsonpath adds no newline of its own."""
    name, _, template = form.partition("=")
    # As kubectl: nobody who reads an object wants to see who owns which field.
    obj = {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key != "managedFields"}}
    match name:
        case "json":
            return json.dumps(obj, indent=4, ensure_ascii=False) + "\n"
        case "yaml":
            return _yaml(obj)
        case "name":
            return f"{resource.kind.lower()}.{resource.group}/{obj['metadata']['name']}\n"
        case "wide":
            return "".join(f"{line}\n" for line in _wide(obj, now))
        case "jsonpath":
            return _filled(template, obj)
        case _:
            raise CommandError(f'unknown output format "{form}": known are {", ".join(KNOWN)}')


def _yaml(obj: Json) -> str:
    import yaml

    text: str = yaml.safe_dump(obj, sort_keys=True, allow_unicode=True, width=10_000)
    return text


def _wide(obj: Json, now: datetime) -> Iterator[str]:
    """A line as `kubectl get -o wide` has it, with what else one asks a rollout."""
    status, is_blue = obj.get("status") or {}, is_blue_green(obj)
    spec = (obj["spec"].get("template") or {}).get("spec") or {}
    cells = {
        "NAME": obj["metadata"]["name"],
        "STRATEGY": "BlueGreen" if is_blue else "Canary",
        "STATUS": phase_of(obj).name,
        "STEP": step_text(obj) or "-",
        "SET-WEIGHT": "-" if is_blue else str(progress(obj, ()).set_weight),
        "READY": f"{status.get('readyReplicas') or 0}/{desired(obj)}",
        "UP-TO-DATE": str(status.get("updatedReplicas") or 0),
        "AVAILABLE": str(status.get("availableReplicas") or 0),
        "AGE": since(obj["metadata"].get("creationTimestamp"), now),
        "STABLE": str(status.get("stableRS") or "-"),
        "CURRENT": str(status.get("currentPodHash") or "-"),
        "IMAGES": ",".join(str(c.get("image", "")) for c in spec.get("containers") or ()) or "-",
        "SELECTOR": str(status.get("selector") or "-"),
    }
    widths = [max(len(title), len(cell)) for title, cell in cells.items()]
    for row in (list(cells), list(cells.values())):
        yield "   ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _filled(template: str, obj: Json) -> str:
    try:
        return filled(template, obj)
    except PathError as error:
        raise CommandError(str(error)) from error
