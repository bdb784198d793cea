"""What operators see of the controller from outside: logs and metrics. Told by the shell, knows no Kubernetes."""
