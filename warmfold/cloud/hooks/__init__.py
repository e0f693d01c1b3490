"""Every change to moto, one module per service; each function says which behaviour it mends, and has a test."""
