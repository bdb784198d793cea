"""Webhooks and chats of scenarios: what they answer, and what they were told. One for all stages of a house."""

import json
from dataclasses import dataclass, field
from typing import Any

Heard = dict[str, Any]


@dataclass
class Hooks:
    """By path. What nobody has told otherwise agrees to everything."""

    address: str = "http://stub.test"
    replies: dict[str, tuple[int, str]] = field(default_factory=dict)
    heard: list[tuple[str, Heard]] = field(default_factory=list)

    def hear(self, path: str, body: bytes) -> tuple[int, str]:
        """Status and text of the answer to a call."""
        self.heard.append((path, json.loads(body)))
        return self.replies.get(path, (200, ""))
