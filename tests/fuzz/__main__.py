"""Fuzz conditions for some seconds (60): `python -m tests.fuzz [seconds]`. Exits with another code than 0 on a find.

It needs atheris, which is there for CPython 3.11 to 3.13 on Linux; elsewhere it says so and does nothing.
"""

import importlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, NoReturn


def main(seconds: int) -> int:
    """The exit code. What was found stays in a folder, whose name is told."""
    if find_spec("atheris") is None:
        print("atheris is not installed on this platform: conditions are not fuzzed")
        return 0
    folder = Path(mkdtemp(prefix="sluice-fuzz-"))
    child = os.fork()  # libFuzzer ends its process
    if not child:
        _fuzz(folder, seconds)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        print(f"found: see {folder}; tests.fuzz.conditions.try_condition takes the bytes of its crash-* files")
    else:
        rmtree(folder)
    return code


def _fuzz(folder: Path, seconds: int) -> NoReturn:
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["analysis"], enable_loader_override=False):
        target = importlib.import_module("tests.fuzz.conditions")
    dictionary = folder / "words"
    dictionary.write_text("".join(f"{_quoted(word)}\n" for word in target.words()), encoding="ascii")
    flags = {
        "max_total_time": seconds,
        "max_len": 300,
        "timeout": 60,  # seconds for one input: none may hold the process
        "rss_limit_mb": 2048,  # none may eat it either
        "dict": dictionary,
        "artifact_prefix": f"{folder}/",
        "print_final_stats": 1,
    }
    options = [f"-{name}={value}" for name, value in flags.items()]
    atheris.Setup([sys.argv[0], *options, str(_corpus(folder, target.seeds()))], target.try_condition)
    atheris.Fuzz()
    raise AssertionError("libFuzzer ends the process")


def _corpus(folder: Path, seeds: list[bytes]) -> Path:
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds):
        (corpus / str(number)).write_bytes(seed)
    return corpus


def _quoted(word: str) -> str:
    """A word as libFuzzer's dictionaries have it."""
    escaped = "".join(f"\\x{byte:02x}" if byte in b'"\\' or byte > 126 else chr(byte) for byte in word.encode())
    return f'"{escaped}"'


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60))
