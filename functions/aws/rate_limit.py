"""How fast something may be done."""

from collections.abc import Callable


class RateLimiter:
    """Spaces out what is done in a row; `clock` is in seconds and never goes back."""

    def __init__(self, per_second: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._interval = 1 / per_second
        self._clock = clock
        self._sleep = sleep
        self._next = clock()

    def wait(self) -> None:
        """Return when the next one may be done."""
        early = self._next - self._clock()
        if early > 0:
            self._sleep(early)
        self._next = max(self._next, self._clock()) + self._interval
