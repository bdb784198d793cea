"""The chat that the operator's flags name, for all who name none themselves. Called by the controller's wiring, once.

Environment variables win over flags, so that a token needs not stand in a Deployment; Teams wins over Slack.
"""

from collections.abc import Mapping

from analysis.errors import SettingsError
from rollouts.model.alerts import Receiver

FLAGS = (
    "slack-url",
    "slack-token",
    "slack-proxy-url",
    "slack-user",
    "slack-channel",
    "msteams-url",
    "msteams-proxy-url",
)
IN_ENVIRONMENT = ("slack-url", "slack-token", "slack-proxy-url", "msteams-url", "msteams-proxy-url")
"""Those of the flags that may come from variables: `slack-url` from SLACK_URL."""


def operators_receiver(flags: Mapping[str, str], environ: Mapping[str, str]) -> Receiver | None:
    """The receiver; None where no address is given. SettingsError where Slack is not told a channel or a user."""
    told = {flag: environ.get(flag.upper().replace("-", "_")) or flags.get(flag, "") for flag in IN_ENVIRONMENT}
    if told["msteams-url"]:
        proxy = told["msteams-proxy-url"]
        return Receiver("the operator's chat", "msteams", address=told["msteams-url"], proxy=proxy)
    if not told["slack-url"]:
        return None
    for flag in ("slack-channel", "slack-user"):
        if not flags.get(flag):
            raise SettingsError(f"--{flag} is empty: with an address of Slack it is needed")
    return Receiver(
        "the operator's chat",
        "slack",
        address=told["slack-url"],
        channel=flags["slack-channel"],
        username=flags["slack-user"],
        proxy=told["slack-proxy-url"],
        token=told["slack-token"],
    )
