"""Every category over its file in `data/`, and the runner itself."""

from pathlib import Path

import pytest

from tests.golden.__main__ import main
from tests.golden.category import Category, Json, Rule
from tests.golden.runner import cases, run
from tests.golden.table import CATEGORIES
from tests.golden.validation import LEFT_TO_THE_API_SERVER

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize("name", sorted(CATEGORIES))
def test_we_answer_as_argo_does(name: str) -> None:
    """No case of the category differs from Argo's own output, but for the named rules."""
    report = run(CATEGORIES[name], cases(DATA / f"{name}.jsonl.gz"))

    assert [str(mismatch) for mismatch in report.mismatches] == []
    assert {mismatch.id for mismatch in report.listed} == set(CATEGORIES[name].listed)
    assert report.is_good


def test_every_data_file_has_its_category() -> None:
    """No file lies about without being run."""
    files = {path.relative_to(DATA).as_posix() for path in DATA.rglob("*.jsonl.gz")}

    assert {name.removesuffix(".jsonl.gz") for name in files} == set(CATEGORIES)


def _doubled(given: Json) -> Json:
    return {"y": given["x"] * 2}


def _case(x: object, y: int, name: str = "c") -> Json:
    return {"id": name, "input": {"x": x}, "output": {"y": y, "unasked": 1}}


ODD = Rule("odd-stays", "shows that rules work", lambda given, _: given["x"] % 2 == 1, lambda given, _: {"y": 6})


def test_a_difference_is_a_mismatch_with_both_sides() -> None:
    """A wrong answer is reported with its id, what was expected and what came."""
    report = run(Category("doubled", _doubled), [_case(1, 2), _case(2, 5, "wrong")])

    assert report.summary == "1 passed, 1 failed"
    assert str(report.mismatches[0]) == 'wrong\n  expected {"y": 5}\n  actual   {"y": 4}'


def test_an_exception_is_the_cases_answer() -> None:
    """A function that raises fails its case and the run goes on."""
    report = run(Category("doubled", _doubled), [_case(None, 1), _case(1, 2)])

    assert report.summary == "1 passed, 1 failed"


def test_a_rule_asserts_what_we_give_instead() -> None:
    """A case that a rule covers passes only with the rule's own output, and is counted."""
    golden = [_case(2, 4)] * 98 + [_case(3, 0), _case(1, 0)]

    report = run(Category("doubled", _doubled, (ODD,)), golden)

    assert report.by_rule == {"odd-stays": 1}
    assert [mismatch.rule for mismatch in report.mismatches] == ["odd-stays"]


def test_too_many_exceptions_are_a_failure() -> None:
    """More than one case in fifty by rules fails the file even if each of them came out."""
    report = run(Category("doubled", _doubled, (ODD,)), [_case(2, 4)] * 10 + [_case(3, 0)])

    assert report.summary == "11 passed, 1 failed"


def test_the_command_closes_with_a_count(capsys: pytest.CaptureFixture[str]) -> None:
    """The last line is `N passed, N failed` and the exit code is zero if all is well."""
    code = main(["step_hash", str(DATA / "step_hash.jsonl.gz")])

    assert (code, capsys.readouterr().out) == (0, "65 passed, 0 failed\n")


def test_the_command_names_its_categories(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong category prints those that exist and gives exit code 2."""
    code = main(["step_hush", "x"])

    assert code == 2
    assert "step_hash" in capsys.readouterr().out


def test_what_the_api_server_says_itself_is_left_to_it() -> None:
    """A rule takes exactly its own texts away; the other errors of the case must still come, in their order."""
    errors = [
        "spec.template.spec.volumes[0].rbd.image: Required value",
        "spec.template.spec.volumes[1].nfs.path: Required value",
        'spec.template.annotations.seccomp.security.alpha.kubernetes.io/pod: Invalid value: "x": no',
        "spec.template.spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
    ]
    output = {"errors": [{"error": text} for text in errors]}

    assert LEFT_TO_THE_API_SERVER.applies({}, output)
    assert LEFT_TO_THE_API_SERVER.ours({}, output) == {"errors": [{"error": errors[1]}]}
