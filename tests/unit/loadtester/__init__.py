"""The load tester, with real HTTP and real processes on loopback."""
