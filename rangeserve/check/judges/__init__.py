"""The judges, a module for each topic. `../catalogue.py` has all their checks."""
