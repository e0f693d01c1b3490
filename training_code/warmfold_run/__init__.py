"""The contract of a run: its names, its places in S3, and the JSON that its parts hand on. Standard library only."""
