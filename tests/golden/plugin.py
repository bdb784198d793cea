"""kubectl argo rollouts: what its commands print, and the patches that they send."""

import copy
from datetime import datetime

from tests.builders.cli import FakeApi, command
from tests.golden.category import Category, Json, Rule

PROGRAM = "kubectl argo rollouts"


def _command(given: Json) -> Json:
    api = FakeApi(copy.deepcopy(given["objects"]), namespace=given["namespace"])
    now = datetime.fromisoformat(given["now"])
    outcome = command(given["command"], api, now=lambda: now, program=PROGRAM)
    is_usage = outcome.stderr.startswith("Usage:")
    failed = outcome.code != 0
    stderr = _bare(outcome.stderr) if is_usage else outcome.stderr
    return {
        "stdout": outcome.stdout,
        "stderr": "" if failed and not is_usage else stderr,
        "error": stderr.removeprefix("Error: ").removesuffix("" if is_usage else "\n") if failed else None,
        "writes": api.writes,
    }


def _bare(usage: str) -> str:
    """As a command says it that stands alone: the oracle ran each without its parents and their flags."""
    own, _, _ = usage.partition("\n\nGlobal Flags:")
    lines = own.rstrip("\n").splitlines()
    lines[1] = lines[1].replace(f"{PROGRAM} set image", "set image").replace(f"{PROGRAM} ", "")
    return "\n".join(lines) + "\n"


def _is_crash(_: Json, output: Json) -> bool:
    return "panic" in output


def _refused(given: Json, _: Json) -> Json:
    """What we say where upstream crashes: a line that names flag, value and cure, and nothing is written."""
    value = given["command"][-1]
    said = f'invalid argument "{value}" for "-i, --in" flag: write it as 30s, 5m or 1h30m'
    return {"stdout": "", "stderr": "", "error": said, "writes": []}


def _is_misnamed(given: Json, output: Json) -> bool:
    return given["command"][:2] == ["terminate", "experiment"] and "retried" in output.get("stdout", "")


def _named(_: Json, output: Json) -> Json:
    return {**output, "stdout": output["stdout"].replace("retried", "terminated")}


MISNAMED = Rule("terminated-is-not-retried", "upstream says the opposite of what it did", _is_misnamed, _named)
CRASHES = Rule("crashes-are-refusals", "upstream panics on a duration that is none", _is_crash, _refused)
OUTPUT = Category("plugin_output", _command)
PATCHES = Category("plugin_patches", _command, rules=(CRASHES, MISNAMED), most_by_rule=0.08)
"""Few commands can crash, and those are asked often: one case in twenty."""
