"""Command lines as cobra and kubectl take them, made fit for click. Called by main before click sees anything.

Cobra takes kubectl's flags before, between and after the words of a command, and `--watch=false` for any boolean.
"""

from collections.abc import Mapping, Sequence

import click

from rollouts.cli.session import CommandError

VALUED: Mapping[str, str] = {
    "--as": "as",
    "--as-group": "as-group",
    "--as-uid": "as-uid",
    "--context": "context",
    "--kloglevel": "",
    "--kubeconfig": "kubeconfig",
    "--loglevel": "",
    "--namespace": "namespace",
    "--request-timeout": "",
    "--server": "server",
    "--token": "token",
    "-n": "namespace",
    "-s": "server",
    "-v": "",
}
"""Persistent flags with a value, and what they are called in Session.flags; "" is taken and has no meaning here."""
COMMON = (
    ("-n, --namespace TEXT", "The namespace, if not that of the kubeconfig's context."),
    ("--context TEXT", "The context of the kubeconfig."),
    ("--kubeconfig FILE", "The kubeconfig, if not $KUBECONFIG or ~/.kube/config."),
)
"""Of these, what help shows."""
UNSUPPORTED = (
    "--cache-dir",
    "--certificate-authority",
    "--client-certificate",
    "--client-key",
    "--cluster",
    "--disable-compression",
    "--insecure-skip-tls-verify",
    "--password",
    "--tls-server-name",
    "--user",
    "--username",
)
"""kubectl has them; ours come from the kubeconfig alone."""
TRUE, FALSE = ("true", "t", "1"), ("false", "f", "0")


def split(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """kubectl's persistent flags by name, and the command line without them."""
    flags: dict[str, str] = {}
    rest: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word == "--":
            return flags, [*rest, word, *queue]
        name, has_value, value = _parted(word)
        if name in UNSUPPORTED:
            raise CommandError(f"flag {name} is not supported: put it into the kubeconfig")
        if name not in VALUED:
            rest.append(word)
            continue
        if not has_value and not queue:
            raise CommandError(f"flag needs an argument: {name}")
        if meaning := VALUED[name]:
            flags[meaning] = value if has_value else queue.pop(0)
        elif not has_value:
            queue.pop(0)
    return flags, rest


def _parted(word: str) -> tuple[str, bool, str]:
    """Name, is the value in the same word, value: `-nx`, `-n=x` and `--name=x` all are."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, bool(equals), value
    if len(word) > 2 and word[:2] in VALUED:
        return word[:2], True, word[2:].removeprefix("=")
    return word, False, ""


def first_word(words: Sequence[str]) -> str:
    """The command's name: the first word that is no flag and no flag's value."""
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if not word.startswith("-"):
            return word
        if word in VALUED and queue:
            queue.pop(0)
    return ""


class CobraCommand(click.Command):
    """A command whose booleans take `=true` and `=false`, and whose help names the flags that `split` takes out."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Rewrite the booleans, then parse as ever."""
        booleans = {name: option for option in self.params for name in option.opts if _is_boolean(option)}
        return super().parse_args(ctx, [word for arg in args for word in _plain(arg, booleans)])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's
        """kubectl's persistent flags that one needs most."""
        with formatter.section("As in kubectl"):
            formatter.write_dl(COMMON)


def _is_boolean(option: click.Parameter) -> bool:
    return isinstance(option, click.Option) and option.is_flag


def _plain(word: str, booleans: Mapping[str, click.Parameter]) -> list[str]:
    name, equals, value = word.partition("=")
    option = booleans.get(name)
    if option is None or not equals:
        return [word]
    if value.lower() in TRUE:
        return [name]
    if value.lower() in FALSE:
        return option.secondary_opts[:1]
    raise click.UsageError(f'invalid argument "{value}" for "{name}" flag: it is true or false')
