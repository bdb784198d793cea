"""What the judge of the data plane makes of requests that are known. No cluster is needed."""

import random

import pytest

from tests.e2e.dataplane.judge import Course, Request, judged, turning_point


def requests(*phases: tuple[int, str], start: float = 0.0, every: float = 0.01) -> list[Request]:
    """So many requests each, answered in turn by the versions of a phase."""
    answers = [each.split(",") for count, versions in phases for each in [versions] * count]
    versions = [turn[number % len(turn)] for number, turn in enumerate(answers)]
    moments = [start + number * every for number in range(len(versions))]
    return [Request(at, at + 0.005, "GET", 200, f"{one} pod") for at, one in zip(moments, versions, strict=True)]


def test_a_request_without_an_answer_is_lost() -> None:
    """Errors of the client and of the gateway count, and are told by kind."""
    found = [
        *requests((5, "v1")),
        Request(0.5, 0.6, "GET", 503, "no available server"),
        Request(0.6, 0.7, "POST", 0, "ServerDisconnectedError: "),
    ]

    verdict = judged(found, [Course(0.0, {"v1": 1.0})])

    assert (verdict.requests, verdict.lost) == (7, 2)
    assert ("503 no available server", 1) in verdict.losses
    assert not verdict.is_good


def test_a_split_is_judged_once_it_has_settled() -> None:
    """Until a write is felt the requests are the gateway's; it may take its time, but not for ever."""
    courses = [Course(0.0, {"v1": 1.0}), Course(10.0, {"v1": 0.5, "v2": 0.5})]

    late = judged(requests((1200, "v1"), (800, "v1,v2")), courses)
    wrong = judged(requests((1200, "v1"), (800, "v1,v1,v1,v1,v2")), courses)

    assert late.is_good
    assert [split.version for split in wrong.splits if split.is_off] == ["v1", "v2"]
    assert not wrong.is_good


def test_an_effect_is_felt_when_answers_change() -> None:
    """The moment of an effect is told from the answers alone, to a few requests."""
    courses = [Course(0.0, {"v1": 1.0}), Course(10.0, {"v1": 0.5, "v2": 0.5})]

    verdict = judged(requests((1150, "v1"), (850, "v1,v2")), courses)

    assert [effect.seconds for effect in verdict.effects] == [pytest.approx(1.5, abs=0.1)]


def test_an_effect_that_never_comes_is_told_as_none() -> None:
    """Where all goes on as before, there is no moment."""
    courses = [Course(0.0, {"v1": 1.0}), Course(10.0, {"v2": 1.0})]

    verdict = judged(requests((2000, "v1")), courses)

    assert [effect.seconds for effect in verdict.effects] == [None]
    assert not verdict.is_good


def test_a_version_without_a_part_is_astray() -> None:
    """Answers of the old one until the write is felt are the gateway's delay; when they come again, users go astray."""
    courses = [Course(0.0, {"v1": 1.0}), Course(5.0, {"v2": 1.0})]

    verdict = judged(requests((600, "v1"), (600, "v2"), (50, "v1"), (250, "v2")), courses)

    assert verdict.strays == 50
    assert not verdict.is_good


def test_a_write_that_changes_no_share_changes_no_answer() -> None:
    """Service and weight move together, the shares stay: a version that comes back then leads users astray at once."""
    courses = [Course(0.0, {"v1": 1.0}), Course(3.0, {"v2": 1.0}), Course(8.0, {"v2": 1.0})]

    verdict = judged(requests((400, "v1"), (400, "v2"), (100, "v1"), (300, "v2")), courses)

    assert verdict.strays == 100
    assert [effect.seconds for effect in verdict.effects] == [pytest.approx(1.0, abs=0.05)]


def test_what_is_not_felt_before_the_next_write_is_felt_after_it() -> None:
    """The effect is counted from the first of the writes that say the same."""
    courses = [Course(0.0, {"v1": 1.0}), Course(3.0, {"v2": 1.0}), Course(3.05, {"v2": 1.0})]

    verdict = judged(requests((500, "v1"), (500, "v2")), courses)

    assert verdict.is_good
    assert [effect.seconds for effect in verdict.effects] == [pytest.approx(2.0, abs=0.05)]


def test_a_write_that_was_overtaken_is_not_waited_for() -> None:
    """A gateway may take two writes in together: the second one's effect is counted from itself."""
    courses = [Course(0.0, {"v1": 1.0}), Course(3.0, {"v1": 0.5, "v2": 0.5}), Course(4.0, {"v2": 1.0})]

    verdict = judged(requests((500, "v1"), (500, "v2")), courses)

    assert verdict.is_good
    assert [effect.seconds for effect in verdict.effects] == [pytest.approx(1.0, abs=0.05)]


def test_a_few_answers_in_a_row_turn_nothing() -> None:
    """The next write comes while all goes on as before: the last answers before it are chance."""
    hits = [number % 2 == 0 for number in range(200)] + [True] * 8

    assert turning_point(hits, 0.5, 1.0) == len(hits)


def test_the_turning_point_is_found_in_noise() -> None:
    """Random answers give it to within a few dozen requests."""
    dice = random.Random(6)
    hits = [dice.random() < 0.25 for _ in range(700)] + [dice.random() < 0.6 for _ in range(700)]

    assert turning_point(hits, 0.25, 0.6) == pytest.approx(700, abs=40)
