"""Webhooks and chats of scenarios: what they answer, and what they were told. One for all stages of a house."""

import json
from dataclasses import dataclass, field
from typing import Any

Heard = dict[str, Any]
WORDS = ("gate", "rollback")
"""What a load tester's gates are for."""


@dataclass
class Hooks:
    """By path. What nobody has told otherwise agrees to everything."""

    address: str = "http://stub.test"
    replies: dict[str, tuple[int, str]] = field(default_factory=dict)
    heard: list[tuple[str, Heard]] = field(default_factory=list)
    opened: set[tuple[str, str, str]] = field(default_factory=set)

    def hear(self, path: str, body: bytes) -> tuple[int, str]:
        """Status and text of the answer to a call."""
        told, words = json.loads(body), path.strip("/").split("/")
        if words[0] in WORDS:
            return self._gate(words[0], words[1], told), ""
        self.heard.append((path, told))
        return self.replies.get(path, (200, ""))

    def _gate(self, word: str, verb: str, told: Heard) -> int:
        """As a load tester answers; on a real cluster it is a real one."""
        gate = word, told["namespace"], told["name"]
        if verb == "check":
            return 200 if gate in self.opened else 403
        (self.opened.add if verb == "open" else self.opened.discard)(gate)
        return 202
