"""Trouble on a real control plane: killed controllers, a server that stops, writers that fight. For test_faults.py."""
