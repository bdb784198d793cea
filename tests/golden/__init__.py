"""Golden data: true inputs and outputs of the ancestors, run through our functions.

`python -m tests.golden CATEGORY FILE.jsonl` runs a file; `make test` runs the samples in `data/`.
"""
