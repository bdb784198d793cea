"""The data plane, for real: requests through real gateways while versions come and go. `make dataplane`."""
