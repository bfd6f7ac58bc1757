"""What ops chose for this function."""

from domain.input.settings import EnforcementSettings as Settings

__all__ = ["Settings"]
