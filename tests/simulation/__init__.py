"""Whole controllers on the embedded cluster, in virtual time, through all that can go wrong. Run by `make test`."""
