"""What ops are told once a day at most, however often it is found."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from aws.marks import ToldMarks
from aws.ops_topic import OpsTopic
from domain.notices import Notice


class DailyNotices:
    """Tells ops what they were not told within a day.

    The mark comes after the notice. A function that is killed between the two tells ops a second time, and a notice is
    never lost.
    """

    PERMISSIONS = (*OpsTopic.PERMISSIONS, *ToldMarks.PERMISSIONS)

    def __init__(self, topic: OpsTopic, told: ToldMarks) -> None:
        self._topic = topic
        self._told = told

    def tell(self, notice: Notice, about: str, now: datetime) -> None:
        """Tell ops of one thing; `about` is what makes it the same as another."""
        self.tell_of({about: notice}, lambda notices: notices[0], now)

    def tell_of[Item](
        self, items: Mapping[str, Item], notice_of: Callable[[Sequence[Item]], Notice], now: datetime
    ) -> None:
        """Tell ops, in one notice, of those of the items that are new; the keys are what makes them the same."""
        if not items:
            return
        kind = notice_of(list(items.values())).kind
        new = {about: item for about, item in items.items() if not self._told.is_told(kind, about, now)}
        if not new:
            return
        self._topic.tell(notice_of(list(new.values())))
        for about in new:
            self._told.tell(kind, about, now)
