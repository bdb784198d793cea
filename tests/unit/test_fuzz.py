"""What the fuzzer of `make soak` starts from, and what counts as a find."""

from tests.fuzz.conditions import seeds, try_condition, words


def test_what_the_fuzzer_starts_from_is_no_find() -> None:
    """Recorded conditions and words of the language are conditions or ExpressionErrors already."""
    starts = [*seeds()[::8], *(b"\x00" + word.encode() for word in words())]

    assert len(starts) > 200
    for start in starts:
        try_condition(start)


def test_every_kind_of_result_is_asked_about() -> None:
    """The first byte chooses it, and no input is too short."""
    for number in range(256):
        try_condition(bytes([number]) + b"result == 1")
    try_condition(b"")
