"""Go's text/template, as far as short texts such as queries need it: actions, pipes, variables, the usual functions.

Called by dialects that render users' templates. `parse` and then `Template.render`; both raise TemplateError in Go's
words, so that users find them where they always did. Pure, and bounded: a template can neither run for long nor write
much. Functions of the caller take texts and give texts or maps of texts; there are no methods, channels or structs.
"""

from analysis.gotemplate.template import Template, parse

__all__ = ["Template", "parse"]
