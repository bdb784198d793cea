"""docs/demo.cast is a recording that plays: of a demo that ended well."""

import json

import pyte

from tools.cast import FILE


def test_the_recording_plays_to_its_end() -> None:
    """On a terminal of its own size the last screen tells what was promoted and what rolled back."""
    head, *events = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    screen = pyte.Screen(head["width"], head["height"])
    stream = pyte.Stream(screen)
    for _, kind, text in events:
        assert kind == "o"
        stream.feed(text)

    moments = [moment for moment, _, _ in events]
    assert head["version"] == 2
    assert moments == sorted(moments)
    shown = "\n".join(screen.display)
    assert "rolled back" in shown
    assert "/" + "work" not in "".join(text for _, _, text in events)
