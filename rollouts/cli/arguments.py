"""Commands as cobra has them, made with click. Used by every command of a client.

`--watch=false` for any boolean, other names for a command, examples in its help, and the usage for an answer where
arguments are missing or too many. kubectl's persistent flags are taken out before (rollouts/cli/flags.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NoReturn

import click

from rollouts.cli.canaries.found import CANARY_WORDS, ROLLOUT_WORDS
from rollouts.cli.flags import FALSE, TRUE
from rollouts.cli.usage import page, usage


class WrongArguments(click.UsageError):
    """Too few arguments, too many, or of a wrong form. The answer is the command's usage."""


class UnknownCommand(click.UsageError):
    """No such command; the message names those that are near."""


class CobraCommand(click.Command):
    """A command. `use` are its arguments as help shows them, `examples` stand indented, `aliases` are other names."""

    def __init__(
        self,
        *args: Any,
        use: str = "",
        examples: str = "",
        aliases: Sequence[str] = (),
        is_local: bool = False,
        **named: Any,
    ) -> None:
        super().__init__(*args, **named)
        self.use, self.examples, self.aliases, self.is_local = use, examples.strip("\n"), aliases, is_local

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Rewrite the booleans, then parse as ever; wrong arguments are told from wrong flags."""
        try:
            return super().parse_args(ctx, plain_booleans(self, args))
        except click.MissingParameter as error:
            if isinstance(error.param, click.Argument):
                refuse_arguments(ctx)
            raise
        except click.UsageError as error:
            if type(error) is not click.UsageError:  # its sub-classes speak of flags
                raise
            spelt = one_word(args)
            if spelt == args:
                refuse_arguments(ctx)
            return self.parse_args(ctx, spelt)

    def get_help(self, ctx: click.Context) -> str:
        """The page in cobra's form."""
        return page(ctx, self.help or "", self.examples, {}).rstrip("\n")

    def get_usage(self, ctx: click.Context) -> str:
        """The page without its head."""
        return usage(ctx, self.examples, {})


class CobraGroup(click.Group):
    """A command of commands. They are found by their aliases too, which help does not list again."""

    def __init__(self, *args: Any, use: str = "", examples: str = "", **named: Any) -> None:
        super().__init__(*args, **named)
        self.use, self.examples = use, examples.strip("\n")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """By name or alias."""
        found = super().get_command(ctx, cmd_name)
        named = (command for command in self.commands.values() if cmd_name in getattr(command, "aliases", ()))
        return found or next(named, None)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, under its own name also where an alias was typed."""
        command = self.get_command(ctx, args[0])
        if command is None and not args[0].startswith("-"):
            refuse_command(ctx, args[0], self.list_commands(ctx))
        name, command, rest = super().resolve_command(ctx, args)
        return command.name if command else name, command, rest

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Rewrite the booleans; none at all is answered with the usage."""
        if not args and not self.invoke_without_command:
            refuse_arguments(ctx)
        return super().parse_args(ctx, plain_booleans(self, args))

    def lines(self, ctx: click.Context) -> Mapping[str, str]:
        """Its commands with what help says of each."""
        shown = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        return {name: command.get_short_help_str(200) for name, command in shown if command and not command.hidden}

    def get_help(self, ctx: click.Context) -> str:
        """The page in cobra's form."""
        return page(ctx, self.help or "", self.examples, self.lines(ctx)).rstrip("\n")

    def get_usage(self, ctx: click.Context) -> str:
        """The page without its head."""
        return usage(ctx, self.examples, self.lines(ctx))


class KindGroup(CobraGroup):
    """A group with a command a kind: `canary/web` is `canary web`, as kubectl's users write it."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The kind's command, with the name behind the slash."""
        kind, slash, name = args[0].partition("/")
        word = kind.partition(".")[0]
        if slash and name and self.get_command(ctx, word):
            args = [word, name, *args[1:]]
        return super().resolve_command(ctx, args)


def one_word(args: Sequence[str]) -> list[str]:
    """A kind and the name behind it as one word: `canary web` is `canary/web` where a command takes one name."""
    for index, (kind, name) in enumerate(pairwise(args)):
        if kind in (*CANARY_WORDS, *ROLLOUT_WORDS) and not name.startswith("-") and "/" not in name:
            return [*args[:index], f"{kind}/{name}", *args[index + 2 :]]
    return list(args)


def refuse_arguments(ctx: click.Context) -> NoReturn:
    """End with the usage of the command."""
    raise WrongArguments(ctx.command.get_usage(ctx), ctx)


def refuse_command(ctx: click.Context, word: str, known: Iterable[str]) -> NoReturn:
    """End with the names that were perhaps meant."""
    raise UnknownCommand(f'unknown command "{word}" for "{ctx.command_path}"{did_you_mean(word, known)}', ctx)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "web-1" or "web-2"?`, or nothing where no name is near."""
    from difflib import get_close_matches

    near = " or ".join(f'"{name}"' for name in get_close_matches(word, sorted(known), n=3))
    return f"; did you mean {near}?" if near else ""


def plain_booleans(command: click.Command, words: Iterable[str]) -> list[str]:
    """The words, with every `--flag=true` and `--flag=false` as click takes them."""
    booleans = {name: option for option in command.params for name in option.opts if _is_boolean(option)}
    return [plain for word in words for plain in _plain(word, booleans)]


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
    raise click.BadParameter(f'invalid argument "{value}" for "{name}" flag: it is true or false')
