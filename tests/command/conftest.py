"""A folder to serve."""

from support.folder import root

__all__ = ["root"]
