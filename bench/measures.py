"""What can be measured, in the order of the table: each takes its turn on the same servers and says its rows."""

import statistics
from collections.abc import Callable
from typing import Any

from bench import backlog, doubled, fanout, grown, idle, importing, journeys, likeness, reading, sizes
from bench.ground import Ground
from bench.house import House, Raw, System
from bench.report import Row, compared, cpu_line, median, parts, total
from bench.scale import RATE, Scale
from ops.services import SETTINGS

MB = 1024 * 1024
LARGEST_TABLES = 8
Result = dict[str, Any]


class Bench:
    """One run: its servers, its sizes, and what was found.

    Attributes:
        result: every sample of every measure.
        lines: what is told below the table.
    """

    def __init__(self, ground: Ground, scale: Scale, repeats: int = 0) -> None:
        self.ground, self.scale, self.repeats = ground, scale, repeats or scale.repeats
        self.result: Result = {}
        self.lines: list[str] = []
        self._others: list[float] = []

    def keep(self, measure: str, system: str, sample: Result) -> None:
        """Note one sample and say how it went."""
        self.result.setdefault(measure, {}).setdefault(system, []).append(sample)
        self._others.append(sample.get("others_percent", 0.0))
        shown = {name: value for name, value in sample.items() if isinstance(value, int | float)}
        print(f"{measure}, {system}: " + ", ".join(f"{name} {value:,.2f}".removesuffix(".00") for name, value in shown.items()), flush=True)

    def samples(self, measure: str, system: str) -> list[Result]:
        """Return what was noted."""
        found: list[Result] = self.result.get(measure, {}).get(system, [])
        return found

    @property
    def others_percent(self) -> float:
        """The part of the machine that somebody else used, on average."""
        return statistics.mean(self._others) if self._others else 0.0


def _both(bench: Bench, measure: str, function: Callable[[System], Result], after: Callable[[House], None] = lambda house: None) -> None:
    """Take turns: raw, house, raw, house; each begins with empty databases and queues."""
    for _ in range(bench.repeats):
        for kind in (Raw, House):
            with kind(bench.ground) as system:
                journeys.warm_up(system)
                bench.keep(measure, system.name, function(system))
                if isinstance(system, House):
                    after(system)


def registrations(bench: Bench) -> list[Row]:
    """Measure waves of registrations, and what they leave on disk."""

    def look(house: House) -> None:
        bench.result["sizes"] = {"members": house.members(), "tables": sizes.measure(house.databases)}

    _both(bench, "registrations", lambda system: journeys.registrations(system, bench.scale.registrations), look)
    ours, raws = bench.samples("registrations", "house"), bench.samples("registrations", "raw")
    bench.lines += [cpu_line("house", parts(ours, "cpu_ms")), cpu_line("raw", parts(raws, "cpu_ms"))]
    grown_tables = bench.result["sizes"]["tables"]
    for each in grown_tables[:LARGEST_TABLES]:
        data, indexes = each["bytes"] / MB, each["index_bytes"] / MB
        bench.lines.append(f"on disk: {each['table']} {each['rows']} rows, {data:.1f} MB and {indexes:.1f} MB of indexes")
    whole = sum(each["bytes"] + each["index_bytes"] for each in grown_tables)
    titles = {
        "rate": "registrations/s, first POST to last welcome",
        "cpu_own_ms": "CPU ms a registration, its own processes",
        "cpu_all_ms": "CPU ms a registration, with PostgreSQL and RabbitMQ",
        "peak_rss_own_mb": "peak memory of its own processes (RSS), MB",
        "http_p99_ms": "HTTP p99 in the wave, ms",
    }
    rows = [compared(title, median(ours, name), median(raws, name)) for name, title in titles.items()]
    counts = {"lost": "lost, all repeats", "duplicates": "duplicate welcomes, all repeats", "refused": "not answered 202, all repeats"}
    rows += [Row(title, total(ours, name), total(raws, name)) for name, title in counts.items()]
    return [*rows, Row("bytes on disk a registration, indexes included", whole / bench.result["sizes"]["members"])]


def latency(bench: Bench) -> list[Row]:
    """Measure the way of a lone registration."""
    _both(bench, "latency", lambda system: journeys.latency(system, bench.scale.latency_seconds))
    ours, raws = bench.samples("latency", "house"), bench.samples("latency", "raw")
    names = {"latency_p50_ms": "p50", "latency_p99_ms": "p99"}
    return [
        compared(f"POST to welcome at {RATE:.0f}/s, {short}, ms", median(ours, name), median(raws, name)) for name, short in names.items()
    ]


def fan_out(bench: Bench) -> list[Row]:
    """Measure one mail to each of many."""
    count = bench.scale.fanout

    def one(system: System) -> Result:
        return fanout.house(system, count) if isinstance(system, House) else fanout.raw(system, count) if isinstance(system, Raw) else {}

    _both(bench, "fanout", one)
    ours, raws = bench.samples("fanout", "house"), bench.samples("fanout", "raw")
    growth = statistics.median(each["peak_rss_mb"] - each["rss_after_a_tenth_mb"] for each in ours)
    return [
        compared(f"fan-out to {count:,}, mails/s", median(ours, "rate"), median(raws, "rate")),
        compared("fan-out, CPU ms a mail, with PostgreSQL", median(ours, "cpu_all_ms"), median(raws, "cpu_all_ms")),
        Row(f"fan-out, the notifier grows from {count // 10:,} to {count:,} by, MB", growth),
    ]


def imports(bench: Bench) -> list[Row]:
    """Measure a sheet."""
    with House(bench.ground) as house:
        journeys.warm_up(house)
        bench.keep("import", "house", importing.measure(house, bench.scale.imported))
    (found,) = bench.samples("import", "house")
    bench.lines.append(cpu_line("import", found["cpu_ms"]))
    return [
        compared(f"import of {found['rows']:,} rows, rows/s (other: registrations/s)", found["rate"], _rate(bench)),
        Row("import, gateway's memory: peak and before, MB", found["gateway_peak_rss_mb"], found["gateway_rss_before_mb"]),
        Row("import, lost and duplicates", found["lost"], found["duplicates"]),
    ]


def idling(bench: Bench) -> list[Row]:
    """Measure a quiet time."""
    with House(bench.ground) as house:
        bench.keep("idle", "house", idle.measure(house, bench.scale.idle_seconds))
    (found,) = bench.samples("idle", "house")
    percent = ", ".join(f"{role} {value:.2f}" for role, value in found["cpu_percent"].items())
    bench.lines.append(f"idle, % of a core: {percent}")
    return [
        Row("idle, four services, % of a core (other: both servers)", found["cpu_services_percent"], found["cpu_servers_percent"]),
        Row("idle, four services, MB: RSS and PSS", found["rss_mb"], found["pss_mb"]),
    ]


def waiting(bench: Bench) -> list[Row]:
    """Measure a backlog."""
    with House(bench.ground) as house:
        journeys.warm_up(house)
        bench.keep("backlog", "house", backlog.measure(house, bench.scale.backlog))
    (found,) = bench.samples("backlog", "house")
    events = f"backlog of {found['events']:,}"
    return [
        Row(f"{events}, registry's queue drained, events/s", found["rate"]),
        compared(f"{events}, to the last welcome, events/s (other: registrations/s)", found["rate_to_last_welcome"], _rate(bench)),
        Row(
            "backlog, registry's memory: peak and after a tenth, MB", found["registry_peak_rss_mb"], found["registry_rss_after_a_tenth_mb"]
        ),
        Row(
            "backlog, notifier's memory: peak and after a tenth, MB", found["notifier_peak_rss_mb"], found["notifier_rss_after_a_tenth_mb"]
        ),
    ]


def growth(bench: Bench) -> list[Row]:
    """Measure waves with many members there, beside few."""
    few, many = bench.scale.grown
    held = {count: {service: bench.ground.database(service) for service in SETTINGS} for count in (few, many)}
    for count, databases in held.items():
        grown.fill(databases, count)
    for _ in range(bench.scale.grown_repeats):
        for count, databases in held.items():
            with House(bench.ground, databases) as house:
                journeys.warm_up(house)
                bench.keep("grown", f"{count}", journeys.registrations(house, bench.scale.registrations))
    bench.result["grown"]["tables"] = sizes.measure(held[many])
    ours, others = bench.samples("grown", f"{many}"), bench.samples("grown", f"{few}")
    title = f"{many:,} members (other: {few:,})"
    return [
        compared(f"registrations/s with {title}", median(ours, "rate"), median(others, "rate")),
        compared(f"CPU ms a registration with {title}", median(ours, "cpu_all_ms"), median(others, "cpu_all_ms")),
        Row(f"MB on disk with {many:,} members", sum(each["bytes"] + each["index_bytes"] for each in bench.result["grown"]["tables"]) / MB),
    ]


def questions(bench: Bench) -> list[Row]:
    """Measure what staff ask, with many members there, and coverage beside a hundredth of them."""
    few, many = bench.scale.read
    for count in (few, many):
        database = bench.ground.database("registry")
        reading.fill(database, count)
        with reading.Registry(bench.ground, database) as registry:
            asked = {"figures": reading.FIGURES} | ({"alone": reading.ALONE, "together": reading.TOGETHER} if count == many else {})
            for kind, each in asked.items():
                bench.keep("read", f"{kind} {count}", reading.measure(registry, count, each))
    (alone,), (together,) = bench.samples("read", f"alone {many}"), bench.samples("read", f"together {many}")
    (ours,), (others,) = bench.samples("read", f"figures {many}"), bench.samples("read", f"figures {few}")
    rows = []
    for title, found in (("one filter", alone), ("several filters", together)):
        rows.append(Row(f"{many:,} members, {title}, ms: p50 and p95", found["p50_ms"], found["p95_ms"]))
        rows.append(Row(f"{many:,} members, {title}, the slowest question's p95, ms", found["slowest_p95_ms"]))
        bench.lines.append(f"slowest of {title}: {found['slowest']}; {cpu_line(title, found['cpu_ms'])}")
    return [*rows, compared(f"coverage with {many:,} members, p50, ms (other: {few:,})", ours["p50_ms"], others["p50_ms"])]


def _rate(bench: Bench) -> float | None:
    """Return the house's rate of registrations in this run, if it was measured."""
    return median(bench.samples("registrations", "house"), "rate")


def duplicates(bench: Bench) -> list[Row]:
    """Measure how right and how complete the likely pairs are: on labelled sets, and those that the registry finds after an import."""
    with House(bench.ground) as house:
        journeys.warm_up(house)
        bench.keep("duplicates", "house", doubled.measure(house, bench.scale.doubled))
    (found,) = bench.samples("duplicates", "house")
    title = f"{found['rows']:,} imported rows, a tenth of the people twice"
    return [
        *likeness.rows(),
        Row(f"{title}: precision and recall of the pairs", f"{found['precision']:.4f}", f"{found['recall']:.4f}"),
        Row(f"{title}: ms to compare one", found["ms_each"]),
        Row("POST to welcome meanwhile, ms: p50 and p99", found["beside_p50_ms"], found["beside_p99_ms"]),
    ]


MEASURES: dict[str, Callable[[Bench], list[Row]]] = {
    "registrations": registrations,
    "latency": latency,
    "fanout": fan_out,
    "import": imports,
    "idle": idling,
    "backlog": waiting,
    "grown": growth,
    "read": questions,
    "duplicates": duplicates,
}
