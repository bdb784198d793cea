"""The shell: it waits, asks and writes; decide/ decides. Imports nothing here, so that start-up stays quick."""
