"""What the controller costs: start-up, memory, requests, CPU. Run by `make bench`, told in docs/benchmarks.md.

Everything is measured from outside: requests are counted by the API server that answers them, CPU and memory are the
kernel's figures of the controller's process. The controller is the real one, over HTTP; only the pods are simulated.
"""
