"""Runs the corrected MiniStack until the program that started it ends; `make local` and `make demo` start it."""

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
from local.server.recording import publish_on_bus, recording
from local.server.resources import correct_cloudformation


def main(folder: str) -> None:
    """Serve until the end; `folder` is removed with the process."""
    end_with_starter(folder)
    del sys.argv[1:]  # MiniStack reads them, too
    ministack.app = recording(ministack.app)
    correct_permissions()
    correct_cloudformation(publish_on_bus)
    correct_delivery()
    correct_metrics()
    ministack.main()


def end_with_starter(folder: str) -> None:
    """End this process and its workers, and remove its folder, when the starter closes our standard input.

    This leaves nothing behind even if the starter was killed.
    """

    def wait() -> None:
        sys.stdin.read()
        shutil.rmtree(folder, ignore_errors=True)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m local.server", description=__doc__)
    parser.add_argument("folder", help="the folder for its data and logs; removed at the end")
    main(parser.parse_args().folder)
