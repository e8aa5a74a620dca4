"""`python -m rangeserve`: what it serves a folder with. Private."""
