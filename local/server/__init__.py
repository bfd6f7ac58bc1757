"""MiniStack with a trail, permissions and other corrections: the process that `local.start` starts."""
