"""The manifests that people bring, parsed into the common model and projected back to the letter.

`argo` and `flagger` never meet; below this layer nobody asks which of them an object came from.
"""
