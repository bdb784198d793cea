"""`__complete WORDS…`: what could stand where the last word is. Called by main for shells, and for kubectl's plugins.

The protocol is cobra's: lines `value<TAB>what it is`, then `:directive`. Names come from the cluster; if it does not
answer, there are none, and no error: nobody wants one in the middle of a line.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import click

from rollouts.cli.flags import PERSISTENT, split
from rollouts.cli.session import CommandError, Session
from rollouts.cli.usage import takes_persistent_flags, words_of
from rollouts.cluster.kinds import (
    ANALYSIS_RUNS,
    ANALYSIS_TEMPLATES,
    CANARIES,
    EXPERIMENTS,
    NAMESPACES,
    REPLICA_SETS,
    ROLLOUTS,
)
from rollouts.cluster.port import Collection, Json, Query, Resource
from rollouts.model.errors import RolloutsError

FILES, NO_SPACE, NO_FILES = 0, 2, 4
MOST = 500
PATIENCE = "2s"
KINDS: Mapping[str, Resource] = {
    "ROLLOUT": ROLLOUTS,
    "NAME": ROLLOUTS,
    "NAMES": ROLLOUTS,
    "EXPERIMENT": EXPERIMENTS,
    "CANARY": CANARIES,
    "ANALYSISRUN": ANALYSIS_RUNS,
}
"""What an argument of this name in a usage line is (`ROLLOUT_NAME` is ROLLOUT)."""
OF_CANARIES = "canary/"
"""How a NAME begins that is a Canary's without doubt."""
OF_FILES = ("filename", "from-file", "kubeconfig", "certificate-authority", "client-certificate", "client-key", "file")


class Choice(NamedTuple):
    """A possible word and what it is."""

    value: str
    about: str = ""


class Answer(NamedTuple):
    """All of them, and what the shell is to do besides."""

    choices: Iterable[Choice] = ()
    directive: int = NO_FILES


class Line(NamedTuple):
    """The line as far as it goes: the command, its arguments, the option whose value comes next ("" if none)."""

    command: click.Command
    arguments: tuple[str, ...]
    option: str
    last: str


def answer(words: Sequence[str], root: click.Group, session: Callable[[Mapping[str, str]], Session]) -> int:
    """Print the choices; `words` begin with `__complete` (or `__completeNoDesc`) and end with the word begun."""
    *given, last = words[1:] or [""]
    flags, rest = _persistent(given)
    line = _line(root, rest, last)
    try:
        found = _of(line, session({"request-timeout": PATIENCE, **flags}))
        choices = [choice for choice in found.choices if choice.value.startswith(_begun(last))]
    except RolloutsError:
        found, choices = Answer(), []
    is_told = words[0] == "__complete"
    for choice in choices:
        about = choice.about.splitlines()[0] if choice.about else ""
        click.echo(f"{choice.value}\t{about}" if is_told and about else choice.value)
    click.echo(f":{found.directive}")
    return 0


def _persistent(given: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """kubectl's flags that are complete; one whose value is still to come stays in the line."""
    try:
        return split(given)
    except CommandError:
        flags, rest = split(given[:-1])
        return flags, [*rest, given[-1]]


def _begun(last: str) -> str:
    return last.partition("=")[2] if last.startswith("--") and "=" in last else last


def _line(root: click.Group, rest: Sequence[str], last: str) -> Line:
    """Walk down the words to the command."""
    command: click.Command = root
    arguments: list[str] = []
    option = ""
    for word in rest:
        if option:
            option = ""
        elif word.startswith("-"):
            option = _awaited(command, word)
        elif isinstance(command, click.Group) and (found := command.get_command(click.Context(command), word)):
            command = found
        else:
            arguments.append(word)
    if not option and last.startswith("--") and "=" in last:
        option = last.partition("=")[0].removeprefix("--")
    return Line(command, tuple(arguments), option, last)


def _awaited(command: click.Command, word: str) -> str:
    """The long name of the option whose value comes next."""
    if "=" in word:
        return ""
    for flag in PERSISTENT:
        if word in (f"--{flag.name}", f"-{flag.letter}") and flag.type:
            return flag.name
    for param in command.params:
        if isinstance(param, click.Option) and word in param.opts and not param.is_flag:
            return max(param.opts, key=len).removeprefix("--")
    return ""


def _of(line: Line, session: Session) -> Answer:
    if line.option:
        return _values(line, session)
    if line.last.startswith("-"):
        return Answer(_flags(line.command))
    if isinstance(line.command, click.Group):
        return Answer(() if line.arguments else _commands(line.command))
    return _arguments(line, session)


def _commands(group: click.Group) -> Iterator[Choice]:
    lines: Mapping[str, str] = getattr(group, "lines", lambda _: {})(click.Context(group))
    yield from (Choice(name, about) for name, about in lines.items())


def _flags(command: click.Command) -> Iterator[Choice]:
    for param in command.params:
        if isinstance(param, click.Option) and not param.hidden:
            yield from (Choice(name, param.help or "") for name in param.opts)
    if takes_persistent_flags(click.Context(command)):
        for flag in PERSISTENT:
            yield Choice(f"--{flag.name}", flag.help)
    yield Choice("--help", "What this command does.")


def _arguments(line: Line, session: Session) -> Answer:
    names = words_of(line.command).replace("[", "").replace("]", "").split()
    if len(line.arguments) == 1 and names[1:] == ["CONTAINER=IMAGE"]:
        return Answer(_containers(session, line.arguments[0]), NO_FILES | NO_SPACE)
    is_repeated = any(isinstance(param, click.Argument) and param.nargs == -1 for param in line.command.params)
    if not names or (len(line.arguments) >= len(names) and not is_repeated):
        return Answer()
    name = names[min(len(line.arguments), len(names) - 1)].removesuffix("_NAME").rstrip(".")
    if name not in KINDS:
        return Answer(directive=FILES if "FILE" in name or "DIR" in name else NO_FILES)
    named = _named(session, KINDS[name])
    if name == "ROLLOUT" and line.last.startswith(OF_CANARIES):
        named = (Choice(f"{OF_CANARIES}{name}", about) for name, about in _named(session, CANARIES))
    return Answer(choice for choice in named if choice.value not in line.arguments)


def _values(line: Line, session: Session) -> Answer:
    """What an option can be."""
    if line.option in OF_FILES:
        return Answer(directive=FILES)
    if line.option == "namespace":
        page = session.api.list(Collection(NAMESPACES), Query(limit=MOST))
        return Answer(Choice(obj["metadata"]["name"]) for obj in page.items)
    if line.option in ("context", "cluster", "user"):
        return Answer(Choice(name) for name in _kubeconfig(session, f"{line.option}s"))
    if line.option == "to-revision" and line.arguments:
        return Answer(_revisions(session, line.arguments[0]))
    if line.option in ("name", "from") and line.command.name in ("rollouts", "analysisrun"):
        return Answer(_named(session, ROLLOUTS if line.option == "name" else ANALYSIS_TEMPLATES))
    return Answer()


def _named(session: Session, resource: Resource) -> Iterator[Choice]:
    page = session.api.list(session.collection(resource), Query(limit=MOST))
    for obj in page.items:
        yield Choice(obj["metadata"]["name"], str((obj.get("status") or {}).get("phase") or ""))


def _containers(session: Session, name: str) -> Iterator[Choice]:
    from rollouts.cli.holder import template_holder

    _, held = template_holder(session, session.rollout(name))
    for container in held["spec"]["template"]["spec"].get("containers") or ():
        yield Choice(f"{container['name']}=", container.get("image", ""))


def _revisions(session: Session, name: str) -> Iterator[Choice]:
    from rollouts.cli.info import revision_of

    owner = session.rollout(name)["metadata"].get("uid")
    found = [rs for rs in session.all_of(REPLICA_SETS) if _is_owned(rs, owner)]
    for rs in sorted(found, key=revision_of, reverse=True):
        images = (container.get("image", "") for container in rs["spec"]["template"]["spec"]["containers"])
        yield Choice(str(revision_of(rs)), ", ".join(images))


def _is_owned(obj: Json, uid: object) -> bool:
    return any(owner.get("uid") == uid for owner in obj["metadata"].get("ownerReferences") or ())


def _kubeconfig(session: Session, section: str) -> Sequence[str]:
    from rollouts.cluster import kubeconfig

    return kubeconfig.names(section, kubeconfig=session.flags.get("kubeconfig"))
