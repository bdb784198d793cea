"""The shape of the tree itself: budgets, words, imports. Run by `make check`."""
