"""Log lines in the three forms of Argo's controller. Set up once by the CLI; everybody else asks for `log()`.

Lines of libraries (kopf, aiohttp) pass through the same renderer, at warning level unless debugging.
"""

import logging
import sys
from typing import Any, TextIO

import structlog

LEVELS = {"debug": 10, "info": 20, "warn": 30, "warning": 30, "error": 40, "fatal": 50, "panic": 50}
FORMATS = ("text", "json", "logfmt")

_SHARED: tuple[Any, ...] = (
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)


def log() -> Any:
    """The logger; `log().info("what happened", key=value)`."""
    return structlog.get_logger()


def configure(form: str = "text", level: str = "info", stream: TextIO | None = None) -> None:
    """From now on write lines of this form and level to `stream` (default: stderr)."""
    target = stream or sys.stderr
    renderer = _renderer(form, is_terminal=target.isatty())
    structlog.configure(
        processors=[*_SHARED, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_SHARED],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS["debug"] if level == "debug" else max(LEVELS["warning"], LEVELS[level]))


def _renderer(form: str, *, is_terminal: bool) -> Any:
    if form == "json":
        return structlog.processors.JSONRenderer()
    if form == "logfmt":
        return structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False)
    return structlog.dev.ConsoleRenderer(colors=is_terminal)
