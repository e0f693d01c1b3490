"""How fast the local cloud is, and how much memory it takes: every side in one run, on this machine."""
