"""The fan-out on a virtual clock: `python -m benchmarks.fan_out`."""
