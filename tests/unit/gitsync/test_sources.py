"""GitRepositories as values: which references win, which URLs are refused, and why."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.gitsync.sources import Reference, commit_of, parse

HASH = "0123456789abcdef0123456789abcdef01234567"


def a_repository(url: str = "https://git.example/app", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "app", "namespace": "shop", "generation": 3},
        "spec": {"url": url, "interval": "1m"} | spec,
    }


def faults_of(url: str = "https://git.example/app", *, is_allowed: bool = False, **spec: Any) -> str:
    source = parse(a_repository(url, **spec), allows_clear_credentials=is_allowed)
    return "; ".join(str(fault) for fault in source.faults)


@pytest.mark.parametrize(
    ("ref", "remote_name", "label"),
    [
        (None, "refs/heads/master", "master"),
        ({"branch": "main"}, "refs/heads/main", "main"),
        ({"branch": "main", "tag": "v1"}, "refs/tags/v1", "v1"),
        ({"tag": "v1", "name": "refs/pull/7/head"}, "refs/pull/7/head", "refs/pull/7/head"),
        ({"branch": "main", "commit": HASH}, "", "main"),
        ({"commit": HASH}, "", ""),
    ],
)
def test_the_most_exact_reference_wins(ref: Any, remote_name: str, label: str) -> None:
    """A commit before a name before a tag before a branch; without any, the branch master."""
    reference = parse(a_repository(ref=ref)).reference

    assert (reference.remote_name, reference.label) == (remote_name, label)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("git@git.example:team/app.git", "has no scheme"),
        ("/srv/app.git", "has no scheme"),
        ("file:///srv/app.git", "scheme 'file' is not allowed"),
        ("git://git.example/app", "scheme 'git' is not allowed"),
        ("ext::sh -c x", "has no scheme"),
        ("https://", "names no host"),
        ("https://-oProxyCommand=x/app", "starts with a dash"),
        ("ssh://-x@git.example/app", "starts with a dash"),
        ("https://git.example/a b", "blanks"),
        ("https://git.example:port/app", "cannot be read"),
        ("https://git.example/app?ref=main", "query"),
        ("https://me:pw@git.example/app", "holds credentials in clear"),
        ("https://token@git.example/app", "holds credentials in clear"),
        ("ssh://git:pw@git.example/app", "holds credentials in clear"),
        ("", "is required"),
    ],
)
def test_refused_urls(url: str, words: str) -> None:
    """A URL that we do not speak, or that shows credentials, is named with its cure."""
    found = faults_of(url)

    assert found.startswith("spec.url: ")
    assert words in found


@pytest.mark.parametrize("url", ["https://git.example/app", "http://git.example/app", "ssh://git@git.example:2222/a"])
def test_accepted_urls(url: str) -> None:
    """https, ssh, and http without credentials."""

    assert faults_of(url) == ""


def test_credentials_over_http_need_a_flag() -> None:
    """A Secret for an http URL would travel in clear: only the operator can allow that."""
    url, secret = "http://git.example/app", {"name": "token"}

    assert "in clear over http" in faults_of(url, secretRef=secret)
    assert faults_of(url, secretRef=secret, is_allowed=True) == ""


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"verify": {"mode": "HEAD"}}, "spec.verify"),
        ({"ref": {"semver": ">=1"}}, "spec.ref.semver"),
        ({"recurseSubmodules": True}, "spec.recurseSubmodules"),
        ({"ignore": "/docs"}, "spec.ignore"),
        ({"provider": "aws"}, "spec.provider"),
        ({"interval": "soon"}, "spec.interval"),
        ({"interval": "0s"}, "spec.interval"),
        ({"timeout": 60}, "spec.timeout"),
        ({"suspend": "yes"}, "spec.suspend"),
        ({"ref": {"branch": "--upload-pack=x"}}, "spec.ref.branch"),
        ({"ref": {"name": "refs/heads/a:b"}}, "spec.ref.name"),
        ({"ref": {"commit": "abc"}}, "spec.ref.commit"),
    ],
)
def test_faults_name_their_field(spec: dict[str, Any], path: str) -> None:
    """What we cannot honour is refused, never passed over; what is mistyped is told."""

    assert path in faults_of(**spec)


def test_harmless_values_are_no_faults() -> None:
    """Defaults written out are what everybody commits."""

    assert faults_of(provider="generic", recurseSubmodules=False, ignore="", include=[]) == ""


HASHES = st.text("0123456789abcdef", min_size=40, max_size=40)


@given(hash_=HASHES, branch=st.from_regex(r"[a-z][a-z0-9/.-]{0,20}[a-z]", fullmatch=True))
def test_revisions_hold_their_commit(hash_: str, branch: str) -> None:
    """The commit can be read back out of a revision, whatever the branch is called."""

    assert commit_of(Reference(branch=branch).revision(hash_)) == hash_
    assert Reference(branch=branch).revision(hash_) == f"{branch}@sha1:{hash_}"
    assert Reference(commit=hash_).revision(hash_ + hash_[:24]).startswith("sha256:")
