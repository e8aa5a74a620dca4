"""How fast rangeserve is, beside others and beside the limit of the server that runs it.

`python -m benchmarks` starts real servers on loopback; see docs/performance.md.
"""
