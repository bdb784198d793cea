"""A template that has been parsed, and its rendering: the door of this package. See __init__ for what it can."""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.errors import TemplateError
from analysis.gotemplate.functions import NAMES
from analysis.gotemplate.nodes import Nodes
from analysis.gotemplate.parser import Parser
from analysis.gotemplate.run import Functions, Program, Run

LONGEST = 64 * 1024
"""Characters that a template may have."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text and the templates that it defines. The functions are called without arguments."""

    name: str
    text: str
    templates: Mapping[str, Nodes]

    def render(self, functions: Functions) -> str:
        """The text filled in; TemplateError says where it cannot be."""
        program = Program(self.name, self.text, self.templates, functions)
        try:
            return Run(program, self.name, None).render()
        except RecursionError:
            raise TemplateError(f"template: {self.name}: its templates call each other too deeply") from None


def parse(text: str, names: frozenset[str], *, name: str = "tmpl") -> Template:
    """The template; `names` are the functions that it may use beside the usual ones. TemplateError with the line."""
    if len(text) > LONGEST:
        raise TemplateError(f"template: {name}: more than {LONGEST} characters")
    parser = Parser(name, text, NAMES | names)
    parser.parse()
    return Template(name, text, parser.templates)
