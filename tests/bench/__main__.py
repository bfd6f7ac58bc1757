"""Every measurement, one after the other: `make bench`."""

from tests.bench import package, remind_reads, sweep


def main() -> None:
    """Print the figures that the README quotes."""
    for bench in (package, remind_reads, sweep):
        bench.main()


if __name__ == "__main__":
    main()
