"""kubectl's persistent flags, taken out of a command line wherever they stand. Called by main before click sees it.

Cobra takes them before, between and after the words of a command; click knows only those of the command itself.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rollouts.cli.session import CommandError


class Flag(NamedTuple):
    """A flag, its letter, the type that help shows ("" for a boolean), and its line in help."""

    name: str
    type: str
    help: str
    letter: str = ""


PERSISTENT = (
    Flag("as", "string", "Whom to act as: a user, or a service account of a namespace."),
    Flag("as-group", "stringArray", "A group to act as a member of; may be given several times."),
    Flag("as-uid", "string", "The UID to act as."),
    Flag("cache-dir", "string", "Taken for kubectl's sake: nothing is cached."),
    Flag("certificate-authority", "string", "The file with the certificate of the server's authority."),
    Flag("client-certificate", "string", "The file with the client's certificate."),
    Flag("client-key", "string", "The file with the client's key."),
    Flag("cluster", "string", "The kubeconfig's cluster to talk to."),
    Flag("context", "string", "The kubeconfig's context to use."),
    Flag("disable-compression", "", "Taken for kubectl's sake: answers are not compressed."),
    Flag("insecure-skip-tls-verify", "", "Trust whatever certificate the server shows."),
    Flag("kloglevel", "int", "Taken for Argo's sake: there is no such log.", "v"),
    Flag("kubeconfig", "string", "The kubeconfig file, if not $KUBECONFIG or ~/.kube/config."),
    Flag("loglevel", "string", "Taken for Argo's sake: there is no such log."),
    Flag("namespace", "string", "The namespace, if not that of the context.", "n"),
    Flag("password", "string", "The password that goes with --username."),
    Flag("request-timeout", "string", "How long to wait for an answer, as 1s or 2m (0: 30 seconds)."),
    Flag("server", "string", "The address of the API server.", "s"),
    Flag("tls-server-name", "string", "The name that the server's certificate must have."),
    Flag("token", "string", "The bearer token to show to the server."),
    Flag("user", "string", "The kubeconfig's user to be."),
    Flag("username", "string", "The user name for a server that asks for one and a password."),
)
_BY_WORD: Mapping[str, Flag] = {
    **{f"--{flag.name}": flag for flag in PERSISTENT},
    **{f"-{flag.letter}": flag for flag in PERSISTENT if flag.letter},
}
TRUE, FALSE = ("true", "t", "1"), ("false", "f", "0")


def split(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """kubectl's persistent flags by name, and the command line without them.

    A flag given again replaces the former, but for --as-group, whose values are kept line by line.
    """
    flags: dict[str, str] = {}
    rest: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word == "--":
            return flags, [*rest, word, *queue]
        name, has_value, value = _parted(word)
        flag = _BY_WORD.get(name)
        if flag is None:
            rest.append(word)
            continue
        if not has_value:
            value = _next(flag, name, queue)
        _keep(flags, flag, value)
    return flags, rest


def _next(flag: Flag, name: str, queue: list[str]) -> str:
    if not flag.type:
        return "true"
    if not queue:
        raise CommandError(f"flag needs an argument: {name}")
    return queue.pop(0)


def _keep(flags: dict[str, str], flag: Flag, value: str) -> None:
    if flag.type == "stringArray" and flag.name in flags:
        value = f"{flags[flag.name]}\n{value}"
    if not flag.type and value.lower() not in (*TRUE, *FALSE):
        raise CommandError(f'invalid argument "{value}" for "--{flag.name}" flag: it is true or false')
    flags[flag.name] = value


def is_set(flags: Mapping[str, str], name: str) -> bool:
    """Is this boolean among the flags, and true?"""
    return flags.get(name, "false").lower() in TRUE


def _parted(word: str) -> tuple[str, bool, str]:
    """Name, is the value in the same word, value: `-nx`, `-n=x` and `--name=x` all are."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, bool(equals), value
    if len(word) > 2 and word[:2] in _BY_WORD:
        return word[:2], True, word[2:].removeprefix("=")
    return word, False, ""


def first_word(words: Sequence[str]) -> str:
    """The command's name: the first word that is no flag and no flag's value."""
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if not word.startswith("-"):
            return word
        flag = _BY_WORD.get(word)
        if flag and flag.type and queue:
            queue.pop(0)
    return ""
