"""Micro-benchmarks: the time that rangeserve takes in one process, without a server.

    python -m pytest benchmarks/micro

`python -m benchmarks` times the same cases.
"""
