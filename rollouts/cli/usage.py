"""Help as cobra words it: usage, examples, flags. Called by the command classes in arguments and by the reference.

People know this page from `kubectl argo rollouts`, and wrong arguments are answered with it, so its form is Argo's.
"""

import inspect
from collections.abc import Iterable, Mapping, Sequence

import click

from rollouts.cli.flags import PERSISTENT, Flag

PLUGIN = "kubectl argo rollouts"
"""How examples are written; they are shown with the name that the program was called by."""


def page(ctx: click.Context, about: str, examples: str, commands: Mapping[str, str]) -> str:
    """The whole help of a command: what it is for, then its usage."""
    return f"{inspect.cleandoc(about)}\n\n{usage(ctx, examples, commands)}"


def usage(ctx: click.Context, examples: str, commands: Mapping[str, str]) -> str:
    """From `Usage:` on; `commands` are the sub-commands with their lines."""
    path = ctx.command_path
    lines = [f"  {line}" for line in _lines(ctx, path, bool(commands))]
    parts = [("Usage:", "\n".join(lines))]
    names = aliases(ctx.command)
    if names:
        parts.append(("Aliases:", f"  {', '.join((str(ctx.command.name), *names))}"))
    if examples:
        parts.append(("Examples:", examples.replace(PLUGIN, ctx.find_root().command_path)))
    if commands:
        parts.append(("Available Commands:", _columns(commands.items())))
    parts.append(("Flags:", _flag_lines([*_own(ctx), Flag("help", "", f"help for {_last(path)}", "h")])))
    if takes_persistent_flags(ctx):
        parts.append(("Global Flags:", _flag_lines(PERSISTENT)))
    text = "\n\n".join(f"{title}\n{body}" for title, body in parts)
    more = f'\n\nUse "{path} [command] --help" for more information about a command.' if commands else ""
    return f"{text}{more}\n"


def aliases(command: click.Command) -> Sequence[str]:
    """The other names of a command."""
    found: Sequence[str] = getattr(command, "aliases", ())
    return found


def takes_persistent_flags(ctx: click.Context) -> bool:
    """Commands that never talk to a cluster by kubectl's flags are marked so."""
    return not getattr(ctx.command, "is_local", False)


def words_of(command: click.Command) -> str:
    """Its arguments as the usage line has them."""
    given: str = getattr(command, "use", "")
    if given:
        return given
    return " ".join(str(param.name).upper() for param in command.params if isinstance(param, click.Argument))


def _lines(ctx: click.Context, path: str, has_commands: bool) -> Iterable[str]:
    if not has_commands or ctx.command.callback is not None:
        yield " ".join(part for part in (path, words_of(ctx.command), "[flags]") if part)
    if has_commands:
        yield f"{path} [command]"


def _last(path: str) -> str:
    return path.rsplit(" ", 1)[-1]


def _own(ctx: click.Context) -> Iterable[Flag]:
    for param in ctx.command.params:
        if isinstance(param, click.Option) and not param.hidden:
            yield _flag(param)


def _flag(option: click.Option) -> Flag:
    name = next(word[2:] for word in option.opts if word.startswith("--"))
    letter = next((word[1:] for word in option.opts if not word.startswith("--")), "")
    return Flag(name, _type(option), (option.help or "") + _default(option), letter)


def _type(option: click.Option) -> str:
    if option.is_flag or option.type is click.BOOL:
        return ""
    if option.metavar:
        return option.metavar
    if option.multiple:
        return "stringArray"
    return "int" if option.type is click.INT else "string"


def _default(option: click.Option) -> str:
    """As pflag says it: nothing for what is empty, 0 or false."""
    value = option.to_info_dict().get("default")
    if option.is_flag or option.type is click.BOOL:
        return " (default true)" if value is True else ""
    if not isinstance(value, str | int) or value in ("", 0, "0s"):
        return ""
    return f' (default "{value}")' if isinstance(value, str) else f" (default {value})"


def _flag_lines(flags: Iterable[Flag]) -> str:
    ordered = sorted(flags, key=lambda flag: flag.name)
    left = [f"  {f'-{flag.letter}, ' if flag.letter else '    '}--{flag.name} {flag.type}".rstrip() for flag in ordered]
    width = max(map(len, left)) + 3
    return "\n".join(f"{text:<{width}}{flag.help}".rstrip() for text, flag in zip(left, ordered, strict=True))


def _columns(rows: Iterable[tuple[str, str]]) -> str:
    table = list(rows)
    width = max(11, *(len(name) for name, _ in table))
    return "\n".join(f"  {name:<{width}} {line}" for name, line in table)
