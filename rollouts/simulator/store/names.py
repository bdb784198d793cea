"""What may be written into metadata: names, labels, annotations, owners, finalizers. Called before every write.

The rules and their words are the API's: scripts and tests of users match on them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rollouts.cluster.port import Json
from rollouts.simulator.store.refusals import Cause, forbidden_value, invalid_value, required

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = rf"({_QUALIFIED})?"

# Rule of a kind's names -> pattern, longest, what the API says about it.
NAME_RULES: dict[str, tuple[re.Pattern[str], int, str]] = {
    "subdomain": (
        re.compile(_SUBDOMAIN),
        253,
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        f"and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')",
    ),
    "label": (
        re.compile(_LABEL),
        63,
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
        f"with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')",
    ),
    "label1035": (
        re.compile(_LABEL_1035),
        63,
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
        "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation "
        f"is '{_LABEL_1035}')",
    ),
    "segment": (re.compile(r"(?!\.\.?$)[^/%]+"), 253, "may not be '.' or '..', and may not contain '/' or '%'"),
}
_KEY_WORDS = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    f"character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{_QUALIFIED}')"
)
_VALUE_WORDS = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    f"'{_VALUE}')"
)
_ANNOTATIONS_LIMIT = 256 * 1024


def faults_of_metadata(obj: Json, name_rule: str) -> list[Cause]:
    """Everything that is wrong with an object's metadata."""
    meta = obj.get("metadata") or {}
    return [
        *_name_faults(meta, name_rule),
        *_label_faults(meta.get("labels") or {}, "metadata.labels"),
        *_annotation_faults(meta.get("annotations") or {}),
        *_owner_faults(meta.get("ownerReferences") or []),
        *_finalizer_faults(meta.get("finalizers") or []),
    ]


def new_finalizers(old: Json, new: Json) -> list[Cause]:
    """Finalizers that were added although the object is being deleted."""
    if "deletionTimestamp" not in old["metadata"]:
        return []
    before = old["metadata"].get("finalizers") or []
    added = [one for one in new["metadata"].get("finalizers") or [] if one not in before]
    if not added:
        return []
    shown = ", ".join(json.dumps(one) for one in added)
    why = f"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{shown}}}"
    return [forbidden_value("metadata.finalizers", why)]


def _name_faults(meta: Mapping[str, Any], rule: str) -> Iterator[Cause]:
    name = meta.get("name")
    if not name:
        yield required("metadata.name", "name or generateName is required")
        return
    pattern, longest, words = NAME_RULES[rule]
    shown = json.dumps(name)
    if len(str(name)) > longest:
        yield invalid_value("metadata.name", shown, f"must be no more than {longest} bytes")
    if pattern.fullmatch(str(name)) is None:
        yield invalid_value("metadata.name", shown, words)


def _label_faults(labels: Mapping[str, Any], field: str) -> Iterator[Cause]:
    for key, value in labels.items():
        yield from _key_faults(key, field)
        if not isinstance(value, str):
            yield invalid_value(field, json.dumps(value), f"the value of {key} must be a string")
            continue
        if len(value) > 63:
            yield invalid_value(field, json.dumps(value), "must be no more than 63 bytes")
        if re.fullmatch(_VALUE, value) is None:
            yield invalid_value(field, json.dumps(value), _VALUE_WORDS)


def _key_faults(key: str, field: str) -> Iterator[Cause]:
    prefix, slash, name = key.rpartition("/")
    shown = json.dumps(key)
    if slash and not prefix:
        yield invalid_value(field, shown, "prefix part must be non-empty")
    elif slash and (len(prefix) > 253 or re.fullmatch(_SUBDOMAIN, prefix) is None):
        yield invalid_value(field, shown, f"prefix part {NAME_RULES['subdomain'][2]}")
    if len(name) > 63:
        yield invalid_value(field, shown, "name part must be no more than 63 bytes")
    if re.fullmatch(_QUALIFIED, name) is None:
        yield invalid_value(field, shown, _KEY_WORDS)


def _annotation_faults(annotations: Mapping[str, Any]) -> Iterator[Cause]:
    for key, value in annotations.items():
        yield from _key_faults(key.lower(), "metadata.annotations")
        if not isinstance(value, str):
            yield invalid_value("metadata.annotations", json.dumps(value), f"the value of {key} must be a string")
    size = sum(len(key) + len(str(value)) for key, value in annotations.items())
    if size > _ANNOTATIONS_LIMIT:
        message = f"Too long: may not be more than {_ANNOTATIONS_LIMIT} bytes"
        yield Cause("FieldValueTooLong", message, "metadata.annotations")


def _owner_faults(references: list[Json]) -> Iterator[Cause]:
    controllers = []
    for index, one in enumerate(references):
        field = f"metadata.ownerReferences[{index}]"
        for name in ("apiVersion", "kind", "name", "uid"):
            if not one.get(name):
                yield invalid_value(f"{field}.{name}", '""', "must not be empty")
        if one.get("controller"):
            controllers.append(str(one.get("name")))
    if len(controllers) > 1:
        named = " and ".join(controllers)
        why = f'Only one reference can have Controller set to true. Found "true" in references for {named}'
        yield invalid_value("metadata.ownerReferences", json.dumps(references), why)


def _finalizer_faults(finalizers: list[Any]) -> Iterator[Cause]:
    for index, one in enumerate(finalizers):
        field = f"metadata.finalizers[{index}]"
        if not isinstance(one, str):
            yield invalid_value(field, json.dumps(one), "must be a string")
            continue
        yield from _key_faults(one, field)
