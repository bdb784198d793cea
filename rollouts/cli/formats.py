"""An object in the form that `-o` asks for, as kubectl words them: json, yaml, name, wide, jsonpath. Called by get."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rollouts.cli.ages import since
from rollouts.cli.canary import is_blue_green, progress, step_text
from rollouts.cli.phase import desired, phase_of
from rollouts.cli.session import CommandError
from rollouts.cluster.port import Json, Resource

KNOWN = ("json", "yaml", "name", "wide", "jsonpath=TEMPLATE")
_BRACES = re.compile(r"\{((?:[^{}\"']|\"[^\"]*\"|'[^']*')*)\}")
_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "'": "'"}


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
            return filled(template, obj)
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


def filled(template: str, obj: Mapping[str, Any]) -> str:
    """A kubectl JSONPath template: text with `{paths}`, `{"literals"}` and `{range path}…{end}`.

    What a path does not find is nothing; a path that cannot be read is an error, and so is a range without its end.
    """
    parts = _parts(template)
    text, rest = _run(parts, obj)
    if rest:
        raise CommandError("jsonpath: {end} without {range}")
    return text


Part = tuple[bool, str]
"""Whether it stood in braces, and what."""


def _parts(template: str) -> list[Part]:
    found: list[Part] = []
    at = 0
    for match in _BRACES.finditer(template):
        found.append((False, template[at : match.start()]))
        found.append((True, match[1].strip()))
        at = match.end()
    rest = template[at:]
    if "{" in rest or "}" in rest:
        raise CommandError(f"jsonpath: unclosed brace in {template!r}")
    return [*found, (False, rest)]


def _run(parts: list[Part], value: Any) -> tuple[str, list[Part]]:
    """The text of the parts up to their `{end}`, and what comes from that on."""
    text, ahead = "", list(parts)
    while ahead:
        is_path, part = ahead.pop(0)
        if not is_path:
            text += part
        elif part == "end":
            return text, [(True, "end"), *ahead]
        elif part.startswith("range "):
            said, ahead = _range(part.removeprefix("range "), ahead, value)
            text += said
        else:
            text += _one(part, value)
    return text, []


def _range(path: str, ahead: list[Part], value: Any) -> tuple[str, list[Part]]:
    text, rest = "", _run(ahead, None)[1]
    if not rest:
        raise CommandError("jsonpath: {range} without {end}")
    for item in _found(path, value):
        text += _run(ahead, item)[0]
    return text, rest[1:]


def _one(part: str, value: Any) -> str:
    if part[:1] in ('"', "'"):
        return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[0]), part[1:-1])
    return " ".join(_shown(found) for found in _found(part, value))


def _found(path: str, value: Any) -> list[Any]:
    from rollouts.simulator.api.jsonpath import find

    plain = path.strip().removeprefix("@")
    try:
        return find(plain if plain.startswith((".", "[")) else f".{plain}", value) if plain != "." else [value]
    except ValueError as error:
        raise CommandError(str(error)) from error


def _shown(value: Any) -> str:
    """Text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
