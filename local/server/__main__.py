"""MiniStack, corrected, until the program that started it is gone; `make local` and `make demo` start it."""

import argparse
import os
import shutil
import signal
import sys
import threading

from ministack import app as ministack  # type: ignore[import-untyped]  # ships no types

from local.server.delivery import correct_delivery
from local.server.metrics import correct_metrics
from local.server.permissions import correct_permissions
from local.server.recording import put_on_bus, recording
from local.server.resources import correct_cloudformation


def main(folder: str) -> None:
    """Serve until the end; `folder` is removed with the process."""
    end_with_starter(folder)
    del sys.argv[1:]  # MiniStack reads them, too
    ministack.app = recording(ministack.app)
    correct_permissions()
    correct_cloudformation(put_on_bus)
    correct_delivery()
    correct_metrics()
    ministack.main()


def end_with_starter(folder: str) -> None:
    """End this process, its workers and its folder once the starter's end of our standard input closes.

    Not even a starter that was killed leaves anything behind so.
    """

    def wait() -> None:
        sys.stdin.read()
        shutil.rmtree(folder, ignore_errors=True)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m local.server", description=__doc__)
    parser.add_argument("folder", help="where it keeps what it holds, and writes; removed at the end")
    main(parser.parse_args().folder)
