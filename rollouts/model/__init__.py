"""The values that every layer speaks in. Frozen, no I/O, no clock; both dialects parse into them."""
