"""Integrations: one module for each framework, to be imported by those who use the framework."""
