"""The second way to route: objects that are generated and owned whole, instead of users' own that carry weights.

One module a provider behind the protocol; the registry knows them by the name that manifests use.
"""
