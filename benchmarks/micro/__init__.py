"""Micro-benchmarks: what the core costs in one process, without a server.

    python -m pytest benchmarks/micro

`cases.py` has what is timed; `python -m benchmarks` times the same.
"""
