"""What the fuzzer tries: a condition on a result. Any way out but an answer or an ExpressionError is a find."""

import gzip
import json
import math
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.errors import ExpressionError
from analysis.expression.catalog import BUILTINS
from analysis.expression.conditions import check, holds
from analysis.expression.functions import GIVEN

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
RESULTS: tuple[Any, ...] = (
    1.5,
    math.nan,
    -math.inf,
    None,
    "12",
    (),
    (0.95, 0.99, math.nan),
    {"a": {"b": [0.0, {"c": 3.0}]}, "n": None, "f": 1.5, "t": "é"},
    [{"x": "1"}, {"x": "2"}],
)
"""The first byte of an input chooses one of them, the rest is the condition."""
RECORDED = Path(__file__).parents[1] / "golden" / "data" / "expr.jsonl.gz"
MARKS = (
    *("&&", "||", "==", "!=", "<=", ">=", "**", "..", "?.", "??", "?:", "=>", "not in ", "let x = ", "; ", "{#}"),
    *(" and ", " or ", " in ", " matches ", " contains ", " startsWith ", " endsWith ", "if ", " else ", "#acc"),
    *("#index", "#", "0x1F", "1e300", ".5", "9223372036854775807", "'\\u00e9'", "b'x'", "`raw`", "nil", "$env"),
    *("/* */", "//", "result", "result[0]", "result.a", "true", "false", ".Year()", "[-1]", "[1:]", "| "),
)


def try_condition(data: bytes) -> None:
    """Check a condition for all results, and ask it about one."""
    result = RESULTS[data[0] % len(RESULTS)] if data else None
    condition = data[1:].decode(errors="replace")
    with suppress(ExpressionError):
        check(condition)
    with suppress(ExpressionError):
        assert holds(condition, result, NOW) in (True, False)


def words() -> list[str]:
    """What conditions are made of."""
    return [*MARKS, *(f"{name}(" for name in sorted({*BUILTINS, *GIVEN}))]


def seeds() -> list[bytes]:
    """Conditions that upstream was asked, on each kind of result."""
    with gzip.open(RECORDED, "rt", encoding="utf-8") as lines:
        metrics = [json.loads(line)["input"] for line in lines]
    asked = sorted({text for metric in metrics for text in (metric.get("successCondition"),) if text})
    return [bytes([number % len(RESULTS)]) + text.encode() for number, text in enumerate(asked)]
