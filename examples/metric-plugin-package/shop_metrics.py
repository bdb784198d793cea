"""A metric provider as a Python package: walks through the shop's checkout some times, and judges by itself.

Methods may be coroutines; others, as here, run in a thread of the controller, and hold nothing up. Each call gets a
dict and returns one; nothing is kept between them.
"""

import time
import urllib.error
import urllib.request


class CheckoutProbe:
    """Sluice finds it by the entry point in pyproject.toml."""

    def run(self, context: dict) -> dict:
        """A phase is the plugin's own verdict: no condition is needed."""
        config = context["config"]
        walks = [self._walk(config["url"]) for _ in range(config.get("times", 3))]
        good = [seconds for seconds in walks if seconds is not None]
        if len(good) < len(walks):
            return {"phase": "Failed", "message": f"{len(walks) - len(good)} of {len(walks)} checkouts failed"}
        slowest = max(good)
        if slowest > config.get("slowSeconds", 2):
            return {"phase": "Inconclusive", "message": f"the slowest checkout took {slowest:.1f} s", "value": slowest}
        return {"phase": "Successful", "value": slowest}

    def terminate(self, _context: dict) -> dict:
        """Nothing runs on."""
        return {"phase": "Successful"}

    def _walk(self, url: str) -> float | None:
        """How long one checkout took; None for one that failed."""
        begun = time.monotonic()
        try:
            with urllib.request.urlopen(url, timeout=10):
                return time.monotonic() - begun
        except (urllib.error.URLError, TimeoutError):
            return None
