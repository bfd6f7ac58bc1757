"""The demo's output: a title for each scene, a line for each event, and tables."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table


@dataclass(frozen=True)
class Story:
    """The demo's output; a spinner turns only if the output is a terminal."""

    console: Console

    def begin(self, title: str) -> None:
        """Open a scene."""
        self.console.print(f"\n[bold]{escape(title)}[/]\n")

    def say(self, text: str) -> None:
        """Print a line of plain text."""
        self.console.print(Padding(escape(text), (0, 0, 0, 2)))

    def quote(self, text: str) -> None:
        """Print a text as its recipient sees it."""
        self.console.print(Padding(escape(text), (0, 0, 0, 4)), style="dim")

    def did(self, what: str, seconds: float) -> None:
        """Print what happened, and how long it took."""
        self.console.print(f"  [green]✔[/] {escape(what)} [dim]{seconds:.2f} s[/]")

    def show(self, table: Table) -> None:
        """Show a table, in the demo's one style."""
        table.box, table.show_edge, table.pad_edge = SIMPLE_HEAD, False, False
        self.console.print(Padding(table, (0, 0, 1, 2)))

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Print what happens while the block runs, and then how long it took."""
        begun = time.monotonic()
        with self.console.status(f"{escape(what)} …"):
            yield
        self.did(what, time.monotonic() - begun)
