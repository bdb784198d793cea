"""Queries to ask both sides: a list of corners that must be right, and as many drawn at random as wanted.

A drawn query is well typed by construction: `vector(depth)` gives the text of an instant vector, `window()` of a range.
"""

import random

CORNERS = (
    "http_requests_total",
    'http_requests_total{code=~"5..|404", version!="v1"}',
    'http_requests_total{code!~"2.*", nothing=""}',
    '{__name__=~"latency_seconds_(sum|count)", pod="web-1"}',
    "http_requests_total offset 7m",
    "http_requests_total offset -90s",
    "memory_bytes @ 1700001000",
    "memory_bytes @ 1700001000.250 offset 2m",
    "sum(rate(http_requests_total[5m] @ end()))",
    "rate(http_requests_total[5m] @ start() offset 1m)",
    "short_lived",
    "last_over_time(short_lived[10m])",
    'absent(short_lived{pod="web-0"})',
    'absent(no_such_metric{job="a", pod=~"b.*", zone!="c"})',
    'absent(no_such_metric{job="a", job="b", pod="x"})',
    'absent_over_time(no_such_metric{job="a"}[5m])',
    "absent(sum(no_such_metric))",
    'absent_over_time(short_lived{pod="web-0"}[2m])',
    "-memory_bytes",
    "--memory_bytes",
    "-(1 + 2) ^ 2",
    "2 ^ 3 ^ 2",
    "-2 ^ 2",
    "7 % -3",
    "1 / 0",
    "-1 / 0",
    "0 / 0",
    "0.1 + 0.2",
    "1e-7 * 1",
    "123456789012345680000 * 10",
    "1 == bool 1",
    "1 atan2 2",
    "memory_bytes % 1000",
    "-7 % http_requests_total",
    "temperature_celsius ^ 3",
    "temperature_celsius ^ -0.5",
    "(temperature_celsius * 0) ^ temperature_celsius",
    "-2 ^ http_requests_total",
    "round(http_requests_total, 7)",
    "round(temperature_celsius / 3)",
    "round(temperature_celsius, 0.1)",
    "sum by (pod) (memory_bytes) atan2 sum by (pod) (temperature_celsius)",
    "time() - 1700000000",
    "vector(time() % 60)",
    "scalar(sum(memory_bytes))",
    "scalar(memory_bytes)",
    "pi()",
    "timestamp(memory_bytes)",
    "timestamp(memory_bytes offset 1m)",
    "timestamp(sum(memory_bytes))",
    "odd_value",
    "odd_value + 1",
    "odd_value * 0",
    "odd_value > 0",
    "0 < odd_value",
    "odd_value == odd_value",
    "odd_value != bool 0",
    "odd_value ^ 0.5",
    "odd_value % 2",
    "sum(odd_value)",
    "avg(odd_value)",
    "min(odd_value)",
    "max(odd_value)",
    'count_values("value", odd_value)',
    'count_values by (version) ("code", round(temperature_celsius, 10))',
    "quantile(0.5, odd_value)",
    "topk(2, odd_value)",
    "min_over_time(odd_value[5m])",
    "max_over_time(odd_value[5m])",
    "sum_over_time(odd_value[5m])",
    "avg_over_time(odd_value[5m])",
    "quantile_over_time(0.3, odd_value[5m])",
    "changes(odd_value[5m])",
    "resets(odd_value[5m])",
    "stddev_over_time(odd_value[5m])",
    "deriv(odd_value[5m])",
    "sgn(odd_value)",
    "stdvar(memory_bytes / 0)",
    "stddev by (pod) (memory_bytes / 0)",
    *(f"{name}(temperature_celsius / 15)" for name in ("sin", "cos", "tan", "asin", "acos", "atan", "ceil", "floor")),
    *(f"{name}(temperature_celsius / 15)" for name in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh")),
    *(f"{name}(odd_value)" for name in ("sin", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "atan", "abs")),
    *(f"{name}(odd_value)" for name in ("floor", "log2", "log10", "deg", "rad")),
    *(f"{name}(temperature_celsius * 1e8)" for name in ("day_of_month", "day_of_week", "day_of_year", "hour", "year")),
    "round(odd_value)",
    "ceil(odd_value)",
    "ln(odd_value)",
    "exp(odd_value)",
    "sqrt(odd_value)",
    "clamp(odd_value, -1, 5)",
    "clamp_min(odd_value, 0)",
    "clamp_max(odd_value, 0)",
    "clamp(memory_bytes, 5, 1)",
    "day_of_week(vector(1700000000))",
    "day_of_month(memory_bytes)",
    "days_in_month(vector(1709210000))",
    "day_of_year(vector(1709210000))",
    "month(vector(1700000000))",
    "year(vector(1700000000))",
    "hour()",
    "minute(timestamp(memory_bytes))",
    'label_replace(memory_bytes, "shard", "$1-${number}$$", "pod", "(web)-(?P<number>\\\\d+)")',
    'label_replace(memory_bytes, "pod", "", "pod", ".*")',
    'label_replace(memory_bytes, "shard", "x", "pod", "no match")',
    'label_replace(memory_bytes, "__name__", "ram", "pod", "web-1")',
    'label_replace(memory_bytes, "version", "$9x$1y", "pod", "web-(.)")',
    'label_replace(memory_bytes, "pod", "same", "pod", ".*") + 0',
    'label_replace(sum by (pod) (memory_bytes), "pod", "same", "pod", ".*")',
    'label_join(memory_bytes, "both", "/", "pod", "missing", "version")',
    'sum({__name__=~"latency_seconds_.*"})',
    'rate({__name__=~"latency_seconds_(sum|count)"}[5m])',
    '-{__name__=~"latency_seconds_(sum|count)"}',
    "histogram_quantile(0.9, rate(latency_seconds_bucket[5m]))",
    "histogram_quantile(0.99, sum by (le, version) (rate(latency_seconds_bucket[2m])))",
    "histogram_quantile(-1, latency_seconds_bucket)",
    "histogram_quantile(2, latency_seconds_bucket)",
    'histogram_quantile(0.5, latency_seconds_bucket{le!="+Inf"})',
    'histogram_quantile(0.5, latency_seconds_bucket{le="+Inf"})',
    "histogram_quantile(0.5, memory_bytes)",
    "histogram_quantile(0.01, latency_seconds_bucket - 20)",
    "sum(rate(latency_seconds_sum[5m])) / sum(rate(latency_seconds_count[5m]))",
    'sum(rate(http_requests_total{code!~"5.."}[1m])) / sum(rate(http_requests_total[1m]))',
    "memory_bytes * on(pod) group_left(commit) build_info",
    "build_info * on(pod) group_right(commit) memory_bytes",
    "http_requests_total / on(pod) group_left memory_bytes",
    "memory_bytes > on(version) group_right() max by (version) (memory_bytes)",
    "memory_bytes > bool on(pod) temperature_celsius",
    "http_requests_total / ignoring(code) group_left sum without (code) (http_requests_total)",
    'http_requests_total{code="500"} / ignoring(code) http_requests_total{code="200"}',
    'http_requests_total{code="500"} > ignoring(code) http_requests_total{code="404"}',
    "http_requests_total / on(pod) memory_bytes",
    "memory_bytes / on(pod) http_requests_total",
    "http_requests_total * on(version) group_left http_requests_total",
    'memory_bytes and on(pod) temperature_celsius{version="v1"}',
    "memory_bytes or temperature_celsius",
    'memory_bytes unless on(pod) temperature_celsius{version="v1"}',
    "memory_bytes and no_such_metric",
    "memory_bytes or no_such_metric",
    "memory_bytes unless no_such_metric",
    "memory_bytes + no_such_metric",
    "vector(1) or memory_bytes",
    "sum(memory_bytes) by (version) + on() group_left vector(1)",
    "max_over_time(sum(rate(http_requests_total[2m]))[10m:30s])",
    "rate(http_requests_total[10m:1m])",
    "rate(sum(http_requests_total)[10m:45s] offset 1m)",
    "avg_over_time(time()[5m:])",
    "sum_over_time(vector(1)[3m:7s])",
    "count_over_time(memory_bytes[10m:1m] @ 1700001500)",
    "min_over_time(deriv(memory_bytes[2m])[10m:1m])",
    "predict_linear(memory_bytes[10m], 3600)",
    "predict_linear(memory_bytes[10m] offset 3m, 60)",
    "sort(temperature_celsius)",
    "sort_desc(odd_value)",
    "sort_desc(temperature_celsius)",
    "topk(-1, memory_bytes)",
    "topk(3, memory_bytes) by (version)",
    "bottomk(1, memory_bytes) without (pod)",
    "group(http_requests_total) by (version, code)",
    "count(http_requests_total) without (pod, code)",
    "quantile(1.5, memory_bytes)",
    "quantile(-0.5, memory_bytes)",
    "topk(NaN, memory_bytes)",
    'label_replace(memory_bytes, "0bad", "x", "pod", ".*")',
)
"""Texts, each of which once was a way to be wrong."""

COUNTERS = ("http_requests_total", "latency_seconds_count", "latency_seconds_sum")
GAUGES = ("memory_bytes", "temperature_celsius")
MATCHERS = ("", '{version="v1"}', '{version!="v1"}', '{pod=~"web-[13]"}', '{pod!~"web-1|web-2"}', '{pod="web-4"}')
COUNTER_READINGS = ("rate", "increase", "irate", "resets")
GAUGE_READINGS = ("delta", "idelta", "deriv", "changes")
ANY_READINGS = tuple(
    f"{name}_over_time" for name in ("avg", "min", "max", "sum", "count", "last", "stddev", "stdvar", "present")
)
READINGS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (COUNTER_READINGS, COUNTERS),
    (GAUGE_READINGS, GAUGES),
    (ANY_READINGS, COUNTERS + GAUGES),
)
SUMMARIES = ("sum", "avg", "min", "max", "count", "stddev", "stdvar", "group")
MAPPINGS = ("abs", "sgn", "ln", "log2", "log10", "sqrt", "exp", "deg", "rad")
# % and ^ are corners only: they blow up a last digit. atan2 is none on a bare metric: Prometheus 2.42 forgets to drop
# the name there; we drop it, as later ones do.
OPERATORS = ("+", "-", "*", "/", "==", "!=", ">", "<", ">=", "<=", "> bool", "<= bool")
GROUPINGS = ("", " by (version)", " by (pod)", " by (version, pod)", " without (pod)", " without (version, code)")
RANGES = ("1m", "2m30s", "5m", "10m")


class Author:
    """Writes queries from one seed."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    def write(self) -> str:
        """The next query."""
        return self.vector(self._dice.randint(1, 3))

    def vector(self, depth: int) -> str:
        """An instant vector with at most `depth` things done to it."""
        if depth == 0:
            return self._selector(COUNTERS + GAUGES) + self._offset()
        kind = self._dice.choice(
            (self._reading, self._reading, self._summary, self._summary, self._numeric, self._with_number, self._pair)
        )
        return kind(depth - 1)

    def _pick(self, choices: tuple[str, ...]) -> str:
        return self._dice.choice(choices)

    def _selector(self, names: tuple[str, ...]) -> str:
        return self._pick(names) + self._pick(MATCHERS)

    def _offset(self) -> str:
        return self._pick(("", "", "", " offset 45s", " offset 4m", " @ 1700001234.5"))

    def _reading(self, depth: int) -> str:
        if depth > 0 and self._dice.random() < 0.4:
            function = self._pick(GAUGE_READINGS[:2] + ANY_READINGS)
            return f"{function}(({self.vector(depth - 1)})[{self._pick(RANGES)}:{self._pick(('20s', '1m'))}])"
        functions, names = self._dice.choice(READINGS)
        return f"{self._pick(functions)}({self._selector(names)}[{self._pick(RANGES)}]{self._offset()})"

    def _summary(self, depth: int) -> str:
        inner, grouping = self.vector(depth), self._pick(GROUPINGS)
        if self._dice.random() < 0.25:
            return f"quantile{grouping} ({self._dice.uniform(0, 1):.3f}, {inner})"
        return f"{self._pick(SUMMARIES)}{grouping} ({inner})"

    def _numeric(self, depth: int) -> str:
        return f"{self._pick(MAPPINGS)}({self.vector(depth)})"

    def _with_number(self, depth: int) -> str:
        sides = [f"({self.vector(depth)})", f"{self._dice.choice((0, 1, -2.5, 3, 100, 1e8))}"]
        self._dice.shuffle(sides)
        return f"{sides[0]} {self._pick(OPERATORS)} {sides[1]}"

    def _pair(self, depth: int) -> str:
        label = self._pick(("pod", "version"))
        left, right = (f"{self._pick(('sum', 'max'))} by ({label}) ({self.vector(depth)})" for _ in range(2))
        return f"{left} {self._pick((*OPERATORS, 'and', 'or', 'unless'))} {self._pick(('', f'on({label}) '))}{right}"


def drawn(count: int, seed: int = 3) -> list[str]:
    """So many different queries."""
    author = Author(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found[author.write()] = None
    return list(found)
