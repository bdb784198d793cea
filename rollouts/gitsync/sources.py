"""A GitRepository as a value. Called by the controller's kind and by the shell that fetches.

Flux's rules: of several references the most exact wins (commit, name, tag, branch), and without any it is the branch
`master`. Ours: credentials never travel in clear and never stand in a URL, unless the operator allows it by a flag.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, urlsplit

from rollouts.gitsync.fields import Fields, annotation
from rollouts.model.faults import Faults

REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
SCHEMES = ("https", "http", "ssh")

_UNSUPPORTED: Mapping[str, str] = MappingProxyType(
    {
        "ref.semver": "name a tag or a branch",
        "verify": "remove it, and protect the branch at the Git host",
        "include": "sync each repository by its own Kustomization",
        "recurseSubmodules": "vendor what the submodule holds",
        "sparseCheckout": "remove it: only what a Kustomization's path names is read",
        "ignore": "point the Kustomization's path at a folder that holds only manifests",
        "proxySecretRef": "set the controller's HTTPS_PROXY",
        "serviceAccountName": "use secretRef",
    }
)


@dataclass(frozen=True, slots=True)
class Reference:
    """What to follow: the first that is set of `commit`, `name`, `tag`, `branch`."""

    branch: str = ""
    tag: str = ""
    name: str = ""
    commit: str = ""

    @property
    def label(self) -> str:
        """The readable part of a revision; empty for a bare commit."""
        if self.commit:
            return self.branch
        return self.name or self.tag or self.branch

    @property
    def remote_name(self) -> str:
        """The full name to ask the remote for; empty for a commit, which is asked for as it stands."""
        if self.commit:
            return ""
        if self.name:
            return self.name
        return f"refs/tags/{self.tag}" if self.tag else f"refs/heads/{self.branch}"

    def revision(self, commit: str) -> str:
        """A commit as Flux writes it in statuses: `main@sha1:<hash>`."""
        digest = f"{'sha256' if len(commit) == 64 else 'sha1'}:{commit}"
        return f"{self.label}@{digest}" if self.label else digest


@dataclass(frozen=True, slots=True)
class Source:
    """A repository to follow. With `faults` it is not fetched."""

    namespace: str
    name: str
    url: str
    reference: Reference
    generation: int = 0
    interval: timedelta = timedelta(minutes=1)
    timeout: timedelta = timedelta(seconds=60)
    secret: str = ""
    is_suspended: bool = False
    requested_at: str = ""
    faults: Faults = ()

    @property
    def scheme(self) -> str:
        """How the remote is spoken to: https, http or ssh."""
        return self.url.partition("://")[0]


def commit_of(revision: str) -> str:
    """The hash in a revision (`main@sha1:<hash>`, `sha1:<hash>`), or "" where there is none."""
    return revision.rpartition(":")[2] if ":" in revision else ""


def parse(obj: Mapping[str, Any], *, allows_clear_credentials: bool = False) -> Source:
    """The source that a GitRepository describes."""
    fields, meta = Fields(obj), obj["metadata"]
    secret = fields.text("secretRef.name")
    url = _checked_url(fields, secret, allows_clear_credentials=allows_clear_credentials)
    reference = _reference(fields)
    fields.refuse(_UNSUPPORTED)
    if fields.text("provider") not in ("", "generic"):
        fields.fault("provider", f"{fields.value('provider')!r} is not supported", "use generic, with secretRef")
    return Source(
        namespace=meta.get("namespace", ""),
        name=meta["name"],
        url=url,
        reference=reference,
        generation=meta.get("generation", 0),
        interval=fields.duration("interval"),
        timeout=fields.duration("timeout", timedelta(seconds=60)),
        secret=secret,
        is_suspended=fields.flag("suspend"),
        requested_at=annotation(obj, REQUESTED_AT),
        faults=fields.faults,
    )


def _reference(fields: Fields) -> Reference:
    found = {part: fields.text(f"ref.{part}") for part in ("branch", "tag", "name", "commit")}
    for part, value in found.items():
        if value.startswith("-") or any(c.isspace() or c in "~^:?*[\\" for c in value) or ".." in value:
            fields.fault(
                f"ref.{part}", f"{value!r} is no name of Git's", "write it as `git branch` or `git tag` shows it"
            )
    commit = found["commit"]
    if commit and (len(commit) not in (40, 64) or set(commit) - set("0123456789abcdef")):
        fields.fault("ref.commit", f"{commit!r} is no commit hash", "write all 40 hexadecimal digits, in lower case")
    return Reference(**found) if any(found.values()) else Reference(branch="master")


def _checked_url(fields: Fields, secret: str, *, allows_clear_credentials: bool) -> str:
    url = fields.text("url", is_required=True)
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        fields.fault("url", f"cannot be read ({error})", "write https://host/path or ssh://git@host/path")
        return ""
    mistake = _shape_mistake(url, parts) or _credential_mistake(parts, secret, allows_clear_credentials)
    if mistake:
        fields.fault("url", *mistake)
    return url


def _shape_mistake(url: str, parts: SplitResult) -> tuple[str, str] | None:
    if "://" not in url:
        return ("has no scheme", "write https://host/path, or for ssh the form ssh://git@host/path")
    if parts.scheme not in SCHEMES:
        return (f"scheme {parts.scheme!r} is not allowed", f"use one of {', '.join(SCHEMES)}")
    if not parts.hostname or url.startswith("-") or any(c.isspace() or ord(c) < 32 for c in url):
        return ("names no host, or holds blanks", "write https://host/path or ssh://git@host/path")
    if parts.hostname.startswith("-") or (parts.username or "").startswith("-"):
        return ("a host or user name starts with a dash", "write https://host/path or ssh://git@host/path")
    if parts.query or parts.fragment:
        return ("holds a query or fragment", "name the branch, tag or commit under spec.ref")
    return None


def _credential_mistake(parts: SplitResult, secret: str, is_allowed: bool) -> tuple[str, str] | None:
    if is_allowed:
        return None
    if parts.scheme == "http" and secret:
        return (
            "would send the credentials of secretRef in clear over http",
            "use https, or start the controller with --git-allow-clear-credentials",
        )
    if parts.password or (parts.username and parts.scheme != "ssh"):
        return ("holds credentials in clear", "remove them and name a Secret in spec.secretRef")
    return None
