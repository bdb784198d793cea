"""Who gets how much traffic, written into routes. One module a provider; siblings are strangers.

`registry.PROVIDERS` names them all; the shared properties in tests/properties run over it.
"""
