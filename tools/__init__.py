"""Programs that write files of this repository. Run by hand when their source changes; no part of what is installed."""
