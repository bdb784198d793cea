"""The table that `make bench` prints."""

from benchmarks.figures import Figure, table


def test_a_missed_target_is_said() -> None:
    """A figure that misses its target says so in the table, one that keeps it does not."""
    rows = table([Figure("memory", "120 MiB", "< 110 MiB", is_met=False), Figure("start", "1 s", "<= 2.5 s")])

    assert "| memory | 120 MiB | < 110 MiB: MISSED |" in rows
    assert "| start  | 1 s     | <= 2.5 s          |" in rows
