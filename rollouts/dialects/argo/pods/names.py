"""Shapes of names: labels, qualified names, variables, ports. Each function lists what is wrong with a name.

Called by the rules beside it. The texts are Kubernetes', with the expression that it checks by.
"""

import re
from collections.abc import Iterator

_QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_ENDS = "and must start and end with an alphanumeric character"
_QUALIFIED_TEXT = f"must consist of alphanumeric characters, '-', '_' or '.', {_ENDS}"
_LABEL_TEXT = f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', {_ENDS}"
_SUBDOMAIN_TEXT = (
    f"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', {_ENDS}"
)
_VALUE_TEXT = f"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', {_ENDS}"
_VARIABLE = "[-._a-zA-Z][-._a-zA-Z0-9]*"
_VARIABLE_TEXT = (
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', "
    "and must not start with a digit"
)
_KEY = "[-._a-zA-Z0-9]+"
_HEADER = "[-A-Za-z0-9]+"
LABEL_LENGTH = 63
SUBDOMAIN_LENGTH = 253
PORT_NAME_LENGTH = 15
HIGHEST_PORT = 65535


def between(low: int, high: int) -> str:
    """The text for a number out of its range."""
    return f"must be between {low} and {high}, inclusive"


def label(name: str) -> Iterator[str]:
    """A DNS label: containers, volumes, host names."""
    yield from _too_long(name, LABEL_LENGTH)
    if not _is(_LABEL, name):
        yield "must not contain dots" if _is(_SUBDOMAIN, name) else _shape(_LABEL_TEXT, _LABEL, "my-name", "123-abc")


def subdomain(name: str) -> Iterator[str]:
    """A DNS subdomain: names of most objects."""
    yield from _too_long(name, SUBDOMAIN_LENGTH)
    if not _is(_SUBDOMAIN, name):
        yield _shape(_SUBDOMAIN_TEXT, _SUBDOMAIN, "example.com")


def qualified(name: str) -> Iterator[str]:
    """A label's key: a name, or a domain, a slash and a name."""
    prefix, slash, last = name.rpartition("/")
    if "/" in prefix:
        words = _shape(_QUALIFIED_TEXT, _QUALIFIED, "MyName", "my.name", "123-abc")
        yield f"a qualified name {words} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return
    if slash:
        yield from (f"prefix part {text}" for text in (subdomain(prefix) if prefix else ["must be non-empty"]))
    if not last:
        yield "name part must be non-empty"
    yield from (f"name part {text}" for text in _too_long(last, LABEL_LENGTH))
    if not _is(_QUALIFIED, last):
        yield f"name part {_shape(_QUALIFIED_TEXT, _QUALIFIED, 'MyName', 'my.name', '123-abc')}"


def label_value(value: str) -> Iterator[str]:
    """A label's value."""
    yield from _too_long(value, LABEL_LENGTH)
    if value and not _is(_QUALIFIED, value):
        yield _shape(_VALUE_TEXT, f"({_QUALIFIED})?", "MyValue", "my_value", "12345")


def variable(name: str) -> Iterator[str]:
    """An environment variable."""
    if not _is(_VARIABLE, name):
        yield _shape(_VARIABLE_TEXT, _VARIABLE, "my.env-name", "MY_ENV.NAME", "MyEnvName1")
    yield from _parent_folder(name)


def config_key(name: str) -> Iterator[str]:
    """A key of a ConfigMap or Secret."""
    yield from _too_long(name, SUBDOMAIN_LENGTH)
    if not _is(_KEY, name):
        text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        yield _shape(text, _KEY, "key.name", "KEY_NAME", "key-name")
    yield from _parent_folder(name)


def header(name: str) -> Iterator[str]:
    """A header of a request."""
    if not _is(_HEADER, name):
        yield _shape("a valid HTTP header must consist of alphanumeric characters or '-'", _HEADER, "X-Header-Name")


def port_name(name: str) -> Iterator[str]:
    """A port's name."""
    yield from _too_long(name, PORT_NAME_LENGTH)
    if not _is("[-a-z0-9]+", name):
        yield "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
    if not re.search("[a-z]", name):
        yield "must contain at least one letter (a-z)"
    if "--" in name:
        yield "must not contain consecutive hyphens"
    if name.startswith("-") or name.endswith("-"):
        yield "must not begin or end with a hyphen"


def port_number(number: int) -> Iterator[str]:
    """A port's number."""
    if not 1 <= number <= HIGHEST_PORT:
        yield between(1, HIGHEST_PORT)


def _is(pattern: str, name: str) -> bool:
    return re.fullmatch(pattern, name) is not None


def _too_long(name: str, most: int) -> Iterator[str]:
    if len(name.encode()) > most:
        yield f"must be no more than {most} characters"


def _shape(text: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{text} (e.g. {shown}regex used for validation is '{pattern}')"


def _parent_folder(name: str) -> Iterator[str]:
    if name in (".", ".."):
        yield f"must not be '{name}'"
    elif name.startswith(".."):
        yield "must not start with '..'"
