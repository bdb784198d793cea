"""From the label matchers of a query to the samples that it sees. Called by the compiler, once for each selector.

Windows include both ends and a sample is fresh for five minutes, ends included: Prometheus 2 does so (3 leaves the left
end out), and that is the one we are compared with. The tracks are chosen once, when the query is compiled.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from promql_parser import AtModifier, AtModifierType, MatchOp, SubqueryExpr, VectorSelector

from rollouts.simulator.promql.errors import BadDataError
from rollouts.simulator.promql.values import Moment, Sample, Vector, Window
from rollouts.simulator.series import NAME, Labels, Series, Track

LOOKBACK = 5 * 60 * 1000
FOREIGN_REGEX = re.compile(r"\[\[:|\\[pPzQCE]|\(\?[=!<]|\\[1-9]")


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label: equal to `value`, or fully matched by `pattern`; `is_negated` turns it round."""

    name: str
    value: str
    pattern: re.Pattern[str] | None = None
    is_negated: bool = False

    def accepts(self, value: str) -> bool:
        """Does a label of this value (empty: no such label) pass?"""
        matches = self.value == value if self.pattern is None else self.pattern.fullmatch(value) is not None
        return matches is not self.is_negated

    @property
    def is_equality(self) -> bool:
        """Does it fix the label's value?"""
        return self.pattern is None and not self.is_negated


@dataclass(frozen=True, slots=True)
class Span:
    """The moments that the whole query is asked for; `start()` and `end()` of an @ modifier."""

    start: Moment
    end: Moment


@dataclass(frozen=True, slots=True)
class Shift:
    """Where a selector looks for a given moment: @ replaces it, offset moves it back. In milliseconds."""

    fixed: Moment | None = None
    offset: int = 0

    def moment(self, at: Moment) -> Moment:
        """The end of what the selector sees."""
        return (at if self.fixed is None else self.fixed) - self.offset


@dataclass(frozen=True, slots=True)
class Selector:
    """A vector selector bound to its tracks."""

    matchers: tuple[Matcher, ...]
    tracks: Sequence[Track]
    shift: Shift

    def instant(self, at: Moment) -> Vector:
        """The newest fresh sample of each track."""
        until = self.shift.moment(at)
        found = ((track.labels, track.latest(until - LOOKBACK, until)) for track in self.tracks)
        return [Sample(labels, sample.value) for labels, sample in found if sample is not None]

    def stamps(self, at: Moment) -> Vector:
        """The time of each sample that `instant` gives, in seconds."""
        until = self.shift.moment(at)
        found = ((track.labels, track.latest(until - LOOKBACK, until)) for track in self.tracks)
        return [Sample(labels, sample.time / 1000) for labels, sample in found if sample is not None]

    def windows(self, at: Moment, length: int) -> list[Window]:
        """The samples of the `length` milliseconds before, a window for each track that has any."""
        end = self.shift.moment(at)
        seen = ((track.labels, *track.between(end - length, end)) for track in self.tracks)
        return [Window(labels, times, values, end - length, end, at) for labels, times, values in seen if times]

    def fixed_labels(self) -> Labels:
        """Labels that every answer would bear. A label with a second condition has no one value."""
        names = [matcher.name for matcher in self.matchers]
        fixed = (m for m in self.matchers if m.is_equality and m.value and m.name != NAME and names.count(m.name) == 1)
        return tuple(sorted((matcher.name, matcher.value) for matcher in fixed))


def pattern_of(regex: str) -> re.Pattern[str]:
    """A regular expression of RE2's language, as far as Python's means the same by it."""
    if foreign := FOREIGN_REGEX.search(regex):
        raise BadDataError(f"regular expression {regex!r}: {foreign.group()!r} is not supported; write it without")
    try:
        return re.compile(regex, re.ASCII)
    except re.error as error:
        raise BadDataError(f"error parsing regexp {regex!r}: {error}") from error


def matchers_of(selector: VectorSelector) -> tuple[Matcher, ...]:
    """The conditions of a parsed selector, its name among them."""
    if selector.matchers.or_matchers:
        raise BadDataError(f"{selector}: `or` between label matchers is not supported; use the binary operator")
    named = [Matcher(NAME, selector.name)] if selector.name else []
    return (*named, *(_matcher(item.name, item.op, item.value) for item in selector.matchers.matchers))


def _matcher(name: str, op: MatchOp, value: str) -> Matcher:
    is_regex = op in (MatchOp.Re, MatchOp.NotRe)
    is_negated = op in (MatchOp.NotEqual, MatchOp.NotRe)
    return Matcher(name, value, pattern_of(value) if is_regex else None, is_negated)


def select(series: Series, matchers: Sequence[Matcher]) -> list[Track]:
    """The tracks that pass, found by name where one is given."""
    names = [matcher.value for matcher in matchers if matcher.name == NAME and matcher.is_equality]
    return series.select(matchers, names[0] if names else None)


def shift_of(node: VectorSelector | SubqueryExpr, span: Span) -> Shift:
    """The @ and offset of a selector or subquery."""
    offset = 0 if node.offset is None else round(node.offset.total_seconds() * 1000)
    return Shift(_fixed(node.at, span), offset)


def _fixed(modifier: AtModifier | None, span: Span) -> Moment | None:
    if modifier is None:
        return None
    if modifier.at is not None:
        return round(modifier.at.timestamp() * 1000)
    return span.start if modifier.type == AtModifierType.Start else span.end
