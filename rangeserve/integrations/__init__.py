"""Integrations: one module for each framework or server, to be imported by those who use it."""
