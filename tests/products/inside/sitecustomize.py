"""Wraps the apps of servers that a test suite starts as processes of their own."""

import sys

if not any("pytest" in argument for argument in sys.orig_argv):  # there it is the plugin's work
    import rangeserve_inside

    rangeserve_inside.wrap_as_told()
