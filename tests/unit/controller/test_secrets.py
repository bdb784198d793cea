"""Secret arguments: what cannot be read is named by Secret and key, with the cure."""

from typing import Any

import pytest

from analysis.errors import ArgumentError
from analysis.model import Arg, SecretKey
from rollouts.cluster.errors import ClusterError, ForbiddenError, NotFoundError
from rollouts.controller.secrets import read_secrets

TOKEN = Arg("t", secret=SecretKey("creds", "token"))


class Refusing:
    """A cluster that shows no Secret."""

    def __init__(self, error: ClusterError) -> None:
        self._error = error

    async def get(self, _: object) -> Any:
        raise self._error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (NotFoundError("no"), 'secrets "creds" not found: create it in namespace shop, with key token'),
        (
            ForbiddenError("secrets is forbidden"),
            "key 'token' of secret 'creds' may not be read (secrets is forbidden): "
            "allow the controller to get secrets in namespace shop",
        ),
    ],
)
async def test_a_refusal_names_secret_key_and_cure(error: ClusterError, said: str) -> None:
    """The measurement's message is all that a user sees of it."""
    cluster: Any = Refusing(error)

    with pytest.raises(ArgumentError) as told:
        await read_secrets(cluster, "shop", [TOKEN])

    assert str(told.value) == said
