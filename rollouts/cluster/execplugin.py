"""Programs that say who we are: the `exec` of a kubeconfig's user. Called by the small kubeconfig reader.

A program is asked once and again when its answer runs out, as kubectl does; its stderr goes to the user, who may have
to read there how to log in.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from rollouts.cluster.login import LoginError

SOON = timedelta(seconds=10)
"""An answer that runs out as soon as this is asked for again."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A bearer token, or a certificate and its key (PEM), or neither."""

    token: str = ""
    certificate: str = ""
    key: str = ""
    ends: datetime | None = None


_answers: Final[dict[str, Identity]] = {}


def ask(plugin: Mapping[str, Any], cluster: Mapping[str, Any]) -> Identity:
    """What the program answers, or has answered and still holds. LoginError names it and what went wrong."""
    name = json.dumps(plugin, sort_keys=True, default=str)
    known = _answers.get(name)
    if known is None or (known.ends is not None and known.ends - SOON <= _now()):
        known = _answers[name] = _identity(plugin, _run(plugin, cluster))
    return known


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # an answer says by the wall clock until when it holds


def _run(plugin: Mapping[str, Any], cluster: Mapping[str, Any]) -> str:
    import subprocess

    command = str(plugin.get("command", ""))
    own = {entry["name"]: str(entry["value"]) for entry in plugin.get("env") or ()}
    environment = {**os.environ, **own, "KUBERNETES_EXEC_INFO": json.dumps(_info(plugin, cluster))}
    words = [command, *map(str, plugin.get("args") or ())]
    try:
        done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    except OSError as error:
        hint = f": {plugin['installHint'].strip()}" if plugin.get("installHint") else ""
        raise LoginError(f"kubeconfig: exec plugin {command!r} cannot be run: {error.strerror}{hint}") from error
    if done.returncode:
        raise LoginError(f"kubeconfig: exec plugin {command!r} ended with exit code {done.returncode}")
    return done.stdout


def _info(plugin: Mapping[str, Any], cluster: Mapping[str, Any]) -> dict[str, Any]:
    may_ask = plugin.get("interactiveMode", "IfAvailable") != "Never" and sys.stdin.isatty()
    spec: dict[str, Any] = {"interactive": may_ask}
    if plugin.get("provideClusterInfo"):
        known = ("server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority-data")
        spec["cluster"] = {name: cluster[name] for name in known if name in cluster}
    return {"apiVersion": plugin.get("apiVersion"), "kind": "ExecCredential", "spec": spec}


def _identity(plugin: Mapping[str, Any], text: str) -> Identity:
    try:
        status = json.loads(text)["status"]
        ends = status.get("expirationTimestamp")
        return Identity(
            token=status.get("token") or "",
            certificate=status.get("clientCertificateData") or "",
            key=status.get("clientKeyData") or "",
            ends=datetime.fromisoformat(ends) if ends else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        command = plugin.get("command")
        raise LoginError(f"kubeconfig: exec plugin {command!r} gave no ExecCredential with a status") from error
