"""The users of the embedded cluster, and what they see.

Started by simulator/world. Requests go where the objects of the cluster say at that moment, by rules of our own: were
they read through the product's providers, a mistake there would hide itself.
"""
