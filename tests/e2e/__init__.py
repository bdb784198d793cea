"""What needs the real control plane: the contract suite on it, and comparisons with the real definitions."""
