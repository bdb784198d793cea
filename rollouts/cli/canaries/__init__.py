"""Canaries in the CLI: what `get`, `list`, `status`, `explain` and the commands that steer do where NAME is one's.

found    a Canary by name, and what a command does with it    fare     its phase in words
picture  the tree and what stands above it                    steer    promote, abort, retry, pause
past     its revisions and what became of them                rows     its line in a list
"""
