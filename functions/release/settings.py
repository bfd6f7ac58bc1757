"""The settings of this function."""

from domain.input.settings import EnforcementSettings as Settings

__all__ = ["Settings"]
