"""What users' own metrics ask Prometheus. Called by analysis; the built-in queries are data in analysis/builtin."""

import re

from analysis import builtin as metrics
from analysis.builtin import Target

SUCCESS_RATE = metrics.SUCCESS_RATE
BUILTIN = metrics.NAMES
PROBE = "vector(1)"

_FUNCTION = re.compile(r"{{-?\s*(.*?)\s*-?}}")


def inline(query: str, about: Target, *, name: str, interval: str) -> str:
    """A user's query with its functions replaced; see `unknown_functions` for those that cannot be."""
    values = {field: str(getattr(about, field)) for field in Target.__slots__}
    values |= {"name": name, "interval": interval}
    return _FUNCTION.sub(lambda found: values.get(found[1], found[0]), query)


def unknown_functions(rendered: str) -> list[str]:
    """What still stands in braces after rendering."""
    return [found[1] for found in _FUNCTION.finditer(rendered)]
