"""One small module a framework; each is imported by nobody but its user."""
