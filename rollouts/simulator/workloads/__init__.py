"""The controllers of the embedded cluster: what a real control plane and its nodes do to workloads.

Started by simulator/world. Each acts through the Cluster port alone and reads from the shared views, so that the store,
the HTTP front and the product's own controller see nothing that a real cluster would not show.
"""
