"""Worlds by name: small makers of objects for tests. No test in here."""
