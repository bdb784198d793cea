"""Cookies that keep users on a version, as routes write and read them. Called by the providers that can do that.

A run's cookie is `name=letters` (model/status.Cookies). Whoever carries it comes to the version that gave it.
"""

from datetime import timedelta

from rollouts.model.owned import Affinity, OwnedRoute

SET_COOKIE = "Set-Cookie"
GONE = "Max-Age=-1"


def given_by_canary(route: OwnedRoute, cookie: str) -> str:
    """What the new version's answers set: the cookie for as long as users want it."""
    affinity = route.affinity
    return _with_attributes(affinity, cookie, affinity.max_age) if affinity else ""


def given_by_stable(route: OwnedRoute, cookie: str) -> str:
    """What the stable version's answers set: it holds until the next round, then the lot falls anew."""
    affinity = route.affinity
    return _with_attributes(affinity, cookie, seconds(route.interval)) if affinity else ""


def taken_back(cookie: str) -> str:
    """What makes a browser forget a cookie."""
    return f"{cookie}; {GONE}"


def pattern(cookie: str) -> str:
    """The expression that finds a cookie in a request's header."""
    name, _, letters = cookie.partition("=")
    return f".*{name}.*{letters}.*"


def cookie_in(setting: str) -> str:
    """The cookie of a Set-Cookie header, without its attributes."""
    return setting.partition(";")[0]


def seconds(interval: timedelta) -> int:
    """Whole seconds."""
    return int(interval.total_seconds())


def _with_attributes(affinity: Affinity, cookie: str, age: int) -> str:
    parts = (
        cookie,
        f"Max-Age={age}",
        f"Domain={affinity.domain}" if affinity.domain else "",
        "HttpOnly" if affinity.is_http_only else "",
        "Partitioned" if affinity.is_partitioned else "",
        f"Path={affinity.path}" if affinity.path else "",
        f"SameSite={affinity.same_site}" if affinity.same_site else "",
        "Secure" if affinity.is_secure else "",
    )
    return "; ".join(part for part in parts if part)
