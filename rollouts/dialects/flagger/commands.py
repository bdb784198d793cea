"""A person's command to a Canary, as an annotation: `<verb>[:<moment>[:<weight>]] <revision> <since>`.

`read` is called by canary.parse, `written` by whoever gives commands. Revision and moment make it one run's: the
revision is the one that is tried (or waits to be), the moment is when the Promoted condition last changed its status,
which it does where a run begins and where it ends. So nothing has to be cleared away, and a command that comes too late
says nothing.
"""

from collections.abc import Mapping
from typing import Any

from rollouts.model.command import Command, Verb
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, text
from rollouts.model.status import Phase

ANNOTATION = "sluice.dev/command"
_NEVER = "-"
_VERBS = {verb.value: verb for verb in Verb}


def read(manifest: Json, revision: str) -> Command | None:
    """The command to this run, if there is one; `revision` is the target's as it stands."""
    annotations = mapping(mapping(manifest.get("metadata")).get("annotations"))
    words = text(annotations.get(ANNOTATION)).split()
    status = mapping(manifest.get("status"))
    if len(words) != 3 or words[1] not in _tried(status, revision) or words[2] != _since(status):
        return None
    verb, moment, weight = (*words[0].split(":"), "", "")[:3]
    if verb not in _VERBS or not (weight.isdecimal() or not weight):
        return None
    return Command(_VERBS[verb], moment, int(weight or 0))


def written(command: Command, manifest: Json, revision: str) -> str:
    """The annotation's value that gives this command to the run as `manifest` shows it."""
    status = mapping(manifest.get("status"))
    tried = revision if status.get("phase") == Phase.WAITING else text(status.get("lastAppliedSpec")) or revision
    words = [command.verb.value, command.moment, str(command.weight)] if command.moment else [command.verb.value]
    return f"{':'.join(words)} {tried} {_since(status)}"


def _tried(status: Mapping[str, Any], revision: str) -> set[str]:
    """What is tried now; while it waits for approval, what the target wants."""
    if status.get("phase") == Phase.WAITING:
        return {revision}
    return {text(status.get("lastAppliedSpec"))} - {""}


def _since(status: Mapping[str, Any]) -> str:
    promoted = (c for c in map(mapping, items(status.get("conditions"))) if c.get("type") == "Promoted")
    return next((text(condition.get("lastTransitionTime")) for condition in promoted), "") or _NEVER
