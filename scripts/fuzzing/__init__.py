"""Break photo files, as disks, networks and attackers do, to see that a run survives it."""
