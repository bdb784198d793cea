"""How each traffic provider is tried: generated objects and settings, one module a provider, listed in `table`."""
