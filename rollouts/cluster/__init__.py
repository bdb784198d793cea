"""The only door to Kubernetes: a small port, its clients, and what is built right on them."""
