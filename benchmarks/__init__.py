"""Benchmarks of rangeserve against other file senders, and against the limit of each server.

`python -m benchmarks` starts real servers on loopback; see docs/performance.md.
"""
