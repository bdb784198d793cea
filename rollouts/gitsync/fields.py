"""Reading the spec of a sync kind, field by field. Called by sources and kustomizations.

A wrong value is a Fault that names the field and its cure; the parse goes on with a harmless one, so that a user sees
every mistake at once.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from rollouts.dialects.argo.reading import go_duration
from rollouts.model.faults import Fault, Faults
from rollouts.model.reading import mapping


class Fields:
    """The fields of one object; what was wrong gathers in `faults`."""

    def __init__(self, obj: Mapping[str, Any]) -> None:
        self._spec = mapping(obj.get("spec"))
        self._faults: list[Fault] = []

    @property
    def faults(self) -> Faults:
        """The mistakes found so far, in the order of reading."""
        return tuple(self._faults)

    def fault(self, path: str, message: str, cure: str) -> None:
        """Note a mistake."""
        self._faults.append(Fault(f"spec.{path}", f"{message}: {cure}", cure))

    def value(self, path: str) -> Any:
        """What stands at the dotted path, None where nothing does."""
        found: Any = self._spec
        for part in path.split("."):
            found = mapping(found).get(part)
        return found

    def text(self, path: str, *, is_required: bool = False) -> str:
        """A string, "" where there is none."""
        found = self.value(path)
        if found is None or found == "":
            if is_required:
                self.fault(path, "is required", "set it")
            return ""
        if not isinstance(found, str):
            self.fault(path, f"must be a string, not {found!r}", "quote it")
            return ""
        return found

    def flag(self, path: str, *, default: bool = False) -> bool:
        """A bool."""
        found = self.value(path)
        if found is None:
            return default
        if not isinstance(found, bool):
            self.fault(path, f"must be true or false, not {found!r}", "write it without quotes")
            return default
        return found

    def duration(self, path: str, default: timedelta | None = None) -> timedelta:
        """A Go duration above zero; required where there is no default."""
        written = self.text(path, is_required=default is None)
        fallback = default or timedelta(minutes=1)
        if not written:
            return fallback
        found = go_duration(written)
        if found is None or found <= timedelta():
            self.fault(path, f"{written!r} is no duration above zero", "write it like 30s, 5m or 1h30m")
            return fallback
        return found

    def refuse(self, cures: Mapping[str, str]) -> None:
        """Fields that we would have to ignore, although the user relies on them: refused, never skipped in silence."""
        for path, cure in cures.items():
            if self.value(path) not in (None, False, "", [], {}):
                self.fault(path, "is not supported", cure)


def annotation(obj: Mapping[str, Any], key: str) -> str:
    """The annotation's value, or ""."""
    return str(mapping(mapping(obj.get("metadata")).get("annotations")).get(key, ""))


def label(obj: Mapping[str, Any], key: str) -> str:
    """The label's value, or ""."""
    return str(mapping(mapping(obj.get("metadata")).get("labels")).get(key, ""))
