"""MiniStack with a trail, with permissions and with what else it lacks: the process that `local.start` starts."""
