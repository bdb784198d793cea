"""The embedded cluster: store, HTTP front, workloads, traffic, metrics and a clock that can run ahead."""
