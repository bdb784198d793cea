"""The language of success and failure conditions: expr-lang as Argo's users write it.

lexer → parser → compiler (static check, closures) → conditions, where a result meets its condition.
"""
