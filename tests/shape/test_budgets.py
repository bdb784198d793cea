"""Budgets of size (design.md §7): functions fit a glance, files fit a sitting."""

from statistics import median, quantiles

from tests.shape.source import PRODUCT, Definition, Source, arguments, length, sources

LONGEST_FUNCTION = 60
LONGEST_FILE = 450
MOST_ARGUMENTS = 6

# Exceptions: "path" or "path:function", each with the reason beside it.
EXCEPTIONS: dict[str, str] = {}


def functions(*folders: str) -> list[tuple[Source, Definition]]:
    """Every function with its file."""
    return [(source, function) for source in sources(*folders) for function in source.functions]


def label(source: Source, function: Definition) -> str:
    """path:function, as exceptions name it."""
    return f"{source.name}:{function.name}"


def test_no_function_is_long() -> None:
    """No function of the product or its tests goes over sixty lines."""
    long = [
        f"{label(source, function)} has {length(function)} lines"
        for source, function in functions(*PRODUCT, "tests", "tools")
        if length(function) > LONGEST_FUNCTION and label(source, function) not in EXCEPTIONS
    ]

    assert long == []


def test_functions_fit_a_glance() -> None:
    """Half of the product's functions have ten lines or fewer, nine in ten have thirty or fewer."""
    lengths = [length(function) for _, function in functions(*PRODUCT)]

    assert median(lengths) <= 10
    assert quantiles(lengths, n=10)[-1] <= 30


def test_functions_take_few_arguments() -> None:
    """No function of the product takes more than six arguments."""
    greedy = [
        f"{label(source, function)} takes {arguments(function)}"
        for source, function in functions(*PRODUCT)
        if arguments(function) > MOST_ARGUMENTS and label(source, function) not in EXCEPTIONS
    ]

    assert greedy == []


def test_files_fit_a_sitting() -> None:
    """No file goes over 450 lines, tests included, and half of the product's have 160 or fewer."""
    long = [
        f"{source.name} has {source.lines} lines"
        for source in sources(*PRODUCT, "tests", "tools")
        if source.lines > LONGEST_FILE and source.name not in EXCEPTIONS
    ]

    assert long == []
    assert median(source.lines for source in sources(*PRODUCT)) <= 160


def test_no_exception_outlives_its_cause() -> None:
    """Each exception names a file or function that exists and gives a reason."""
    known = {source.name for source in sources(*PRODUCT, "tests", "tools")}
    known |= {label(source, function) for source, function in functions(*PRODUCT, "tests", "tools")}

    assert set(EXCEPTIONS) <= known
    assert all(EXCEPTIONS.values())
