"""Step plugins: what users add to the controller. Programs of any language, and Python packages."""
