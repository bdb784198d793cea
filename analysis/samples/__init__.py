"""One number of a metric service: what to ask for it, and which of the numbers that come back it is.

Called by `analysis/sampling` for checks that have bounds instead of conditions. Most services are those of
`analysis/providers`, asked as they are; a module of its own has who is asked otherwise. See ways.
"""
