"""`python -m tools.cast`: plays `sluice demo` and writes docs/demo.cast, which asciinema shows. Called by `make cast`.

The recording is of a real run: what is printed when, as asciicast v2 has it.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pexpect

FILE = Path(__file__).resolve().parents[1] / "docs" / "demo.cast"
COLUMNS, LINES = 100, 40
AT_ONCE = 0.03
"""Seconds."""
PATIENCE = 180.0
SLUICE = str(Path(sys.executable).with_name("sluice"))


def record() -> str:
    """The whole cast. RuntimeError: the demo did not keep its promise."""
    program: pexpect.spawn[str] = pexpect.spawn(
        SLUICE, ["demo"], dimensions=(LINES, COLUMNS), timeout=PATIENCE, encoding="utf-8"
    )
    begun = monotonic()
    events = [[round(moment - begun, 3), "o", text] for moment, text in _frames(_said(program))]
    program.close()
    if program.exitstatus != 0:
        raise RuntimeError(f"sluice demo ended with exit code {program.exitstatus}: nothing is recorded")
    environment = {"TERM": "xterm-256color", "SHELL": "/bin/sh"}
    header = {"version": 2, "width": COLUMNS, "height": LINES, "title": "sluice demo", "env": environment}
    command = [0.0, "o", "$ sluice demo\r\n"]
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in (header, command, *events))


def _frames(said: Iterator[str]) -> Iterator[tuple[float, str]]:
    """What was written in one go and came in pieces, put together again."""
    begun, frame = 0.0, ""
    for text in said:
        now = monotonic()
        if frame and now - begun > AT_ONCE:
            yield begun, frame
            frame = ""
        begun, frame = begun if frame else now, frame + text
    if frame:
        yield begun, frame


def _said(program: "pexpect.spawn[str]") -> Iterator[str]:
    """What it prints, as it comes."""
    while True:
        try:
            yield str(program.read_nonblocking(4096, PATIENCE))
        except pexpect.EOF:
            return


if __name__ == "__main__":
    FILE.write_text(record(), encoding="utf-8")
