"""Keys of AWS for a signature. Called by http_auth; only here is AWS's library known, and only to look keys up.

Keys in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN) are taken as they are. A profile,
a role, a web identity (IRSA), a container's or an instance's role need botocore, the extra `aws`: it is loaded on use,
asks its own addresses in a thread, the cloud's metadata among them, and keeps temporary keys fresh.
"""

import asyncio
import importlib
from collections.abc import Mapping
from typing import Any

from analysis.errors import ProviderError, SettingsError
from analysis.requests import SigV4
from analysis.sigv4 import AwsKeys

EXTRA = "sluice-delivery[aws]"
SESSION_NAME = "sluice"


class AwsLookup:
    """Finds keys; what it has found once stays, and refreshes itself."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._found: dict[tuple[str, str], tuple[Any, str]] = {}

    async def keys(self, auth: SigV4) -> tuple[AwsKeys, str]:
        """Keys and the region. SettingsError where one is missing, ProviderError where the look-up fails."""
        region = auth.region or self._environ.get("AWS_REGION") or self._environ.get("AWS_DEFAULT_REGION") or ""
        known = self._in_environment()
        if known is not None and not auth.profile and not auth.role_arn:
            return known, _region(region)
        keys, its_region = await asyncio.to_thread(self._looked_up, auth)
        return keys, _region(region or its_region)

    def _in_environment(self) -> AwsKeys | None:
        access, secret = (self._environ.get(name, "") for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
        return AwsKeys(access, secret, self._environ.get("AWS_SESSION_TOKEN", "")) if access and secret else None

    def _looked_up(self, auth: SigV4) -> tuple[AwsKeys, str]:
        botocore = _library()
        try:
            who = (auth.profile, auth.role_arn)
            if who not in self._found:
                self._found[who] = _credentials(botocore, auth)
            credentials, region = self._found[who]
            found = credentials.get_frozen_credentials()
        except botocore.exceptions.BotoCoreError as error:
            raise ProviderError(f"sigv4: no keys of AWS: {error}") from error
        except botocore.exceptions.ClientError as error:
            raise ProviderError(f"sigv4: no keys of AWS for {auth.role_arn}: {error}") from error
        return AwsKeys(found.access_key, found.secret_key, found.token or ""), region


def _library() -> Any:
    try:
        for module in ("botocore.session", "botocore.credentials", "botocore.exceptions"):
            importlib.import_module(module)
    except ImportError as error:
        where = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        raise SettingsError(
            f"sigv4: there are no keys in {where}, and to look them up elsewhere needs botocore: install {EXTRA}"
        ) from error
    return importlib.import_module("botocore")


def _credentials(botocore: Any, auth: SigV4) -> tuple[Any, str]:
    """What gives keys for a profile and role (empty: the usual chain), and the region that goes with it."""
    session = botocore.session.Session(profile=auth.profile or None)
    region = session.get_config_variable("region") or ""
    source = session.get_credentials()
    if source is None:
        raise SettingsError(
            "sigv4: no keys of AWS were found: give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role"
        )
    if not auth.role_arn:
        return source, region
    fetcher = botocore.credentials.AssumeRoleCredentialFetcher(
        client_creator=lambda service, **options: session.create_client(
            service, **{"region_name": auth.region or region or None, **options}
        ),
        source_credentials=source,
        role_arn=auth.role_arn,
        extra_args={"RoleSessionName": SESSION_NAME},
    )
    refreshed = botocore.credentials.DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")
    return refreshed, region


def _region(region: str) -> str:
    if not region:
        raise SettingsError("sigv4: no region: set authentication.sigv4.region, or AWS_REGION for the controller")
    return region
