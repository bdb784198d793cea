"""The picture of a rollout, or of anything else, in lines of text. Called by get and by the demo; knows no terminal."""

from collections.abc import Iterable, Iterator

from rollouts.cli.info import Node, Overview, RolloutInfo, sign_of

COLOURS = {"✔": 32, "◌": 36, "◷": 36, "॥": 33, "⚠": 33, "✖": 31, "?": 33, "•": 90}
ROLE_COLOURS = {"stable": 32, "primary": 32, "canary": 33, "active": 32, "preview": 36, "ping": 36, "pong": 36}
TITLES = ("NAME", "KIND", "STATUS", "AGE", "INFO")
LABEL_WIDTH = 17


def draw(info: RolloutInfo, *, coloured: bool = False) -> str:
    """The whole view, ended by a newline."""
    return "\n".join([*header(info, coloured=coloured), "", *_table(info.root, coloured), ""])


def draw_overview(info: Overview, *, coloured: bool = False) -> str:
    """The same of anything else."""
    lines = [_labelled(label, value) for label, value in _overview_fields(info, coloured)]
    return "\n".join([*lines, "", *_table(info.root, coloured), ""])


def _table(root: Node, coloured: bool) -> list[str]:
    rows = [TITLES, *(_cells(prefix, node) for prefix, node in _walk(root))]
    signs = [("", ""), *((node.status_sign, node.status) for _, node in _walk(root))]
    lines = list(_aligned(rows))
    if coloured:
        lines = [_tinted(line, *sign) for line, sign in zip(lines, signs, strict=True)]
    return lines


def header(info: RolloutInfo, *, coloured: bool = False) -> list[str]:
    """The lines above the tree."""
    return [_labelled(label, value) for label, value in _fields(info, coloured)]


def _labelled(label: str, value: str) -> str:
    # Argo: a canary without steps has an empty Step, padded; the heading of the replicas is none.
    return f"{label + ':' if label else '':<{LABEL_WIDTH}}{value}" if label != "Replicas" else "Replicas:"


def _fields(info: RolloutInfo, coloured: bool) -> Iterator[tuple[str, str]]:
    yield "Name", info.name
    yield "Namespace", info.namespace
    yield "Status", _status(info.phase.name, coloured)
    if info.phase.message:
        yield "Message", info.phase.message
    yield "Strategy", info.strategy
    if info.canary is not None:
        yield "  Step", info.canary.step
        yield "  SetWeight", str(info.canary.set_weight)
        yield "  ActualWeight", str(info.canary.actual_weight)
    yield from _images(info.images, coloured)
    yield from _counts(info)


def _overview_fields(info: Overview, coloured: bool) -> Iterator[tuple[str, str]]:
    yield "Name", info.name
    yield "Namespace", info.namespace
    yield "Status", _status(info.root.status, coloured, info.root.status_sign)
    if info.message:
        yield "Message", info.message
    yield from info.facts
    yield from _images(info.images, coloured)


def _status(phase: str, coloured: bool, sign: str = "") -> str:
    sign = sign or sign_of(phase)
    return f"{_colour(sign, COLOURS.get(sign)) if coloured else sign} {phase}"


def _images(images: Iterable[tuple[str, Iterable[str]]], coloured: bool) -> Iterator[tuple[str, str]]:
    for index, (image, roles) in enumerate(images):
        yield "" if index else "Images", f"{image} ({_roles(roles, coloured)})" if roles else image


def _counts(info: RolloutInfo) -> Iterator[tuple[str, str]]:
    yield "Replicas", ""
    for word, count in info.replicas.items():
        yield f"  {word}", str(count)


def _roles(roles: Iterable[str], coloured: bool) -> str:
    return ", ".join(_colour(role, ROLE_COLOURS.get(role)) if coloured else role for role in roles)


def _walk(root: Node) -> Iterator[tuple[str, Node]]:
    yield "", root
    yield from _below(root, "")


def _below(node: Node, margin: str) -> Iterator[tuple[str, Node]]:
    for index, child in enumerate(node.children):
        is_last = index == len(node.children) - 1
        yield margin + ("└──" if is_last else "├──"), child
        yield from _below(child, margin + ("   " if is_last else "│  "))


def _cells(prefix: str, node: Node) -> tuple[str, ...]:
    status = f"{node.status_sign} {node.status}" if node.status else ""
    return (f"{prefix}{node.sign} {node.name}", node.kind, status, node.age, node.info)


def _aligned(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    table = list(rows)
    widths = [max(len(row[column]) for row in table) + 2 for column in range(len(TITLES) - 1)]
    for row in table:
        yield "".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)) + row[-1]


def _tinted(line: str, sign: str, status: str) -> str:
    code = COLOURS.get(sign)
    return line if code is None else line.replace(f"{sign} {status}", f"{_colour(sign, code)} {status}", 1)


def _colour(text: str, code: int | None) -> str:
    return text if code is None else f"\x1b[{code}m{text}\x1b[0m"
