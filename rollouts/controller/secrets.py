"""Secret arguments of an analysis, read at each measurement so that a rotated credential is taken up at once.

Called by the AnalysisRun kind. Nothing is cached: the values live as long as one measurement.
"""

import base64
import binascii
from collections.abc import Iterable

from analysis.errors import ArgumentError
from analysis.model import Arg
from rollouts.cluster import kinds
from rollouts.cluster.errors import ForbiddenError, NotFoundError
from rollouts.cluster.port import Cluster, Target


async def read_secrets(cluster: Cluster, namespace: str, args: Iterable[Arg]) -> dict[str, str]:
    """The values of those arguments that come from a Secret, by argument name. ArgumentError names what is missing."""
    return {
        arg.name: await _read(cluster, namespace, arg.secret.name, arg.secret.key)
        for arg in args
        if arg.secret is not None and arg.value is None
    }


async def _read(cluster: Cluster, namespace: str, name: str, key: str) -> str:
    try:
        secret = await cluster.get(Target(kinds.SECRETS, name, namespace))
    except NotFoundError as error:
        raise ArgumentError(
            f'secrets "{name}" not found: create it in namespace {namespace}, with key {key}'
        ) from error
    except ForbiddenError as error:
        cure = f"allow the controller to get secrets in namespace {namespace}"
        raise ArgumentError(f"key '{key}' of secret '{name}' may not be read ({error.message}): {cure}") from error
    value = (secret.get("data") or {}).get(key)
    if value is None:
        raise ArgumentError(f"key '{key}' does not exist in secret '{name}'")
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ArgumentError(f"key '{key}' of secret '{name}' holds no text") from error
