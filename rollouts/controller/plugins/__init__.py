"""Plugins for steps and metrics: what users add to the controller. Programs of any language, and Python packages."""
