"""What can go wrong while metrics are asked and judged, as a tree.

AnalysisError
├── DurationError         a text that is no Go duration
├── ExpressionError       a condition that cannot be parsed, checked or evaluated
│   └── UnsupportedError  it uses a part of the language that this version does not have
├── SettingsError         a metric whose settings cannot work: says the field and the cure
│   ├── ArgumentError     an argument that nobody supplied, or that cannot be inserted
│   ├── PathError         a JSONPath that cannot be read
│   └── TemplateError     a Go template that cannot be parsed or rendered
└── ProviderError         the metric service did not answer as it should
    ├── NoDataError       it answered, but with nothing
    ├── NoAnswerError     it cannot be reached, or gave no answer in time
    └── NotAskedError     it did not answer others, and is left alone for a while
All of them end as the message of a measurement or of a run; their words are read by users.
"""


class AnalysisError(Exception):
    """Everything that this package raises on purpose."""


class DurationError(AnalysisError):
    """The text is no duration; the words are Go's."""


class ExpressionError(AnalysisError):
    """A condition that cannot be parsed, does not fit its result, or failed while it ran."""


class UnsupportedError(ExpressionError):
    """The condition is good expr-lang, but not of the part that this version understands."""


class SettingsError(AnalysisError):
    """The user's settings of a metric cannot work."""


class ArgumentError(SettingsError):
    """An argument is missing, or its value breaks the metric that it is put into."""


class PathError(SettingsError):
    """A JSONPath, or a template of them, that cannot be read."""


class TemplateError(SettingsError):
    """A Go template that cannot be parsed or rendered; the words are Go's."""


class ProviderError(AnalysisError):
    """The metric service refused, failed, or answered something unreadable."""


class NoDataError(ProviderError):
    """The metric service has no data for this query."""


class NoAnswerError(ProviderError):
    """The metric service cannot be reached, or gave no whole answer in time."""


class NotAskedError(ProviderError):
    """The metric service was not asked: others got no answer of it, and it has a moment's rest."""
