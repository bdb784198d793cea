"""Log lines in each form."""

import io
import json
import logging

from rollouts.telemetry.logs import configure, log


def lines(form: str, level: str = "info") -> io.StringIO:
    """A stream that gets the lines."""
    stream = io.StringIO()
    configure(form, level, stream)
    return stream


def test_json_lines_carry_level_time_and_values() -> None:
    """One object a line."""
    stream = lines("json")
    log().info("reconciled", rollout="default/web", reason="step 2 of 5")
    line = json.loads(stream.getvalue())

    assert (line["event"], line["level"], line["reason"]) == ("reconciled", "info", "step 2 of 5")
    assert line["timestamp"].endswith("Z")


def test_logfmt_lines_are_key_value_pairs() -> None:
    """Values with blanks are quoted."""
    stream = lines("logfmt")
    log().warning("round failed", error="no answer")

    assert 'level=warning event="round failed" error="no answer"' in stream.getvalue()


def test_text_lines_have_no_colours_where_there_is_no_terminal() -> None:
    """A pod's log stays readable."""
    stream = lines("text")
    log().info("ready")

    assert "ready" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_a_lower_level_is_not_written() -> None:
    """--loglevel warn hides what goes well."""
    stream = lines("json", "warn")
    log().info("ready")

    assert stream.getvalue() == ""


def test_lines_of_libraries_come_in_the_same_form() -> None:
    """From warnings on; a library's chatter is left out."""
    stream = lines("json")
    logging.getLogger("kopf").info("chatter")
    logging.getLogger("kopf").warning("trouble")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["trouble"]
