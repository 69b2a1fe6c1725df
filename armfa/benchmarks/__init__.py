"""Speed, measured beside the machine's own limit in the same run: `python -m armfa.benchmarks.speed`."""
