"""validation: every error of a Rollout's spec, in order and with its whole text."""

import re

from rollouts.dialects.argo.validation import rollout_faults
from tests.golden.category import Category, Json, Rule

_VOLUME = r"spec\.template\.spec\.volumes\[\d+\]\."
_VENDORS = r"(rbd|quobyte|fc|azureDisk|ephemeral\.volumeClaimTemplate\.|projected\.sources\[\d+\]\.(cluster|podCert))"
_PROFILES = r"spec\.template\.annotations(\[container\.apparmor|\.seccomp|\.container\.seccomp)"
_WINDOWS = r"\S+(windowsOptions\.|: Forbidden: (cannot be set for a windows|windows options cannot))"
_ESCALATION = r"\S+securityContext: Invalid value: \{.*`allowPrivilegeEscalation`"
_LEFT_OUT = re.compile(f"{_VOLUME}{_VENDORS}|{_PROFILES}|{_WINDOWS}|{_ESCALATION}")


def _errors(given: Json) -> Json:
    return {"errors": [str(fault) for fault in rollout_faults(given["rollout"]["spec"])]}


def _texts(_: Json, output: Json) -> Json:
    return {"errors": [error["error"] for error in output["errors"] or ()]}


def is_left_out(text: str) -> bool:
    """Whether a text is one of those that the API server gives and we do not."""
    return _LEFT_OUT.match(text) is not None


LEFT_TO_THE_API_SERVER = Rule(
    "left-to-the-api-server",
    "volumes of one vendor, claims and bundles inside volumes, Windows, the old profile annotations, and what "
    "contradicts allowPrivilegeEscalation (as a struct of Go's): Kubernetes itself refuses such a template, in the "
    "very same words, when the ReplicaSet is made",
    applies=lambda _, output: any(is_left_out(error["error"]) for error in output["errors"] or ()),
    ours=lambda _, output: {"errors": [error for error in output["errors"] if not is_left_out(error["error"])]},
)
VALIDATION = Category("validation", _errors, (LEFT_TO_THE_API_SERVER,), shown=_texts, most_by_rule=0.08)
