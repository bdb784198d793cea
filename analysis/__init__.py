"""Metrics and time: is the new version well? Knows neither Kubernetes nor rollouts."""
