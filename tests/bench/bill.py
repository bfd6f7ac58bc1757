"""The monthly bill at list prices, with and without the free tier.

Fixed costs are counted in the template: alarms, the dashboard, the queues that Lambda polls. Variable costs follow from
the inputs below, which are rounded up from the other measurements. Prices are those of us-east-1 in US dollars, from
the pricing pages of CloudWatch, SQS, Lambda, DynamoDB, S3 and SES.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tests.template import Template

_HOURS, _WORKING_DAYS = 730, 22
# An idle mapping polls with five pollers for 20 seconds each, and with MaximumConcurrency it never goes below
# ("Configuring scaling behavior for SQS event source mappings", Lambda Developer Guide).
_POLLS = 5 * 3600 / 20 * _HOURS
# A metric is charged by the hours in which it is sent. The hourly ones are those of `reconcile`, by reason included.
_HOURLY_METRICS, _DAILY_METRICS, _METRICS_OF_A_NEW_USER = 7 + 3, 8, 2


@dataclass(frozen=True)
class Month:
    """The volume of a month."""

    users: int
    new_users: int
    mails: int
    seconds_of_a_sweep: float
    seconds_of_a_reminder_run: float
    megabytes_of_logs: float
    megabytes_of_reports: float


@dataclass(frozen=True)
class Line:
    """A line of the bill: units at a price, some of them free."""

    name: str
    units: float
    price: float
    free: float = 0

    @property
    def full(self) -> float:
        """Dollars if the free tier is already used up."""
        return self.units * self.price

    @property
    def least(self) -> float:
        """Dollars if the whole free tier is left."""
        return max(0.0, self.units - self.free) * self.price


SMALL = Month(5, 1, 10, 2, 5, 5, 10)
LARGE = Month(5_000, 50, 1_500, 8, 40, 110, 900)


def lines(month: Month, template: Template) -> Iterator[Line]:
    """Yield the lines of the bill."""
    properties = [(resource["Type"], resource.get("Properties", {})) for resource in template.resources.values()]
    alarms = [about for kind, about in properties if kind == "AWS::CloudWatch::Alarm"]
    dashboards = sum(kind == "AWS::CloudWatch::Dashboard" for kind, _ in properties)
    functions = [about for kind, about in properties if kind == "AWS::Serverless::Function"]
    sources = [event for function in functions for event in function.get("Events", {}).values()]
    queues = sum(source["Type"] == "SQS" for source in sources)
    # Metric math is charged by the metrics that it reads.
    read = sum(sum("MetricStat" in query for query in alarm.get("Metrics", [])) or 1 for alarm in alarms)
    daily = _DAILY_METRICS * _WORKING_DAYS + _METRICS_OF_A_NEW_USER * min(_HOURS, month.new_users)
    metrics = _HOURLY_METRICS + daily / _HOURS
    yield Line(f"{len(alarms)} alarms", read, 0.10, free=10)
    yield Line(f"{metrics:.1f} custom metrics", metrics, 0.30, free=10)
    yield Line("dashboard", dashboards, 3.00, free=3)
    yield Line(f"polling of {queues} empty queues", queues * _POLLS / 1e6, 0.40, free=1)
    seconds = _HOURS * month.seconds_of_a_sweep + _WORKING_DAYS * month.seconds_of_a_reminder_run
    yield Line("Lambda", 0.5 * seconds + 0.25 * (month.new_users + month.mails), 0.0000133334, free=400_000)
    yield Line("logs", month.megabytes_of_logs / 1000, 0.50, free=5)
    reads = _HOURS * 4 + _WORKING_DAYS * month.users / 6 + 4 * month.mails
    writes = month.users + 4 * month.mails
    yield Line("DynamoDB", reads * 0.125e-6 + writes * 0.625e-6, 1)
    yield Line("reports of a year in S3", month.megabytes_of_reports / 1000, 0.023)
    yield Line("SES", month.mails / 1000, 0.10)


def main() -> None:
    """Print both bills."""
    template = Template(SenderEmail="mfa@example.com", AlertEmail="ops@example.com")
    table = Table(title="US dollars a month, at list prices and with an unused free tier")
    table.add_column("", no_wrap=True)
    bills = [list(lines(month, template)) for month in (SMALL, LARGE)]
    for month in (SMALL, LARGE):
        table.add_column(f"{month.users:,} users", justify="right")
        table.add_column("free tier", justify="right")
    for of_small, of_large in zip(*bills, strict=True):
        name = of_small.name if of_small.name == of_large.name else of_small.name.split(" ", 1)[-1]
        table.add_row(name, *(f"{dollars:.2f}" for line in (of_small, of_large) for dollars in (line.full, line.least)))
    table.add_section()
    sums = [sum(getattr(line, kind) for line in bill) for bill in bills for kind in ("full", "least")]
    table.add_row("all", *(f"{dollars:.2f}" for dollars in sums))
    Console().print(table)


if __name__ == "__main__":
    main()
