"""Runs every measurement, one after the other: `make bench`."""

from tests.bench import bill, package, reminders, sweep


def main() -> None:
    """Print the figures of the README."""
    for bench in (package, reminders, sweep, bill):
        bench.main()


if __name__ == "__main__":
    main()
