"""What breaks under force: kills, full disks, damaged files, random steps, threads.

`python -m armfa.benchmarks.stress` runs it.
"""
