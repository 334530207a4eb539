"""What staff ask of the registry while it holds many uneven members (`bench.crowd`): each kind of question by itself, at the service."""

import http.client
import json
import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from bench import crowd
from bench.accounting import MACHINE, cpu, others_percent, spent
from bench.ground import Ground, execute
from bench.house import House
from ops.ports import LOOPBACK
from shared.identity import HEADER, Identity, Role, sign
from shared.web.paging import encode

PATH = "/api/v1/members"
COVERAGE = "/api/v1/coverage"
TIMES = 20
"""Each question is asked so often, in turns, so that a disturbance meets all kinds alike."""
WARM_UP = 3
DEADLINE_SECONDS = 30


@dataclass(frozen=True)
class Question:
    """One thing to ask.

    Attributes:
        part: begin the page so far from the oldest member; 1 is the first page.
    """

    query: str = ""
    role: Role = "consultant"
    areas: tuple[str, ...] = ()
    part: float = 1.0
    path: str = PATH

    @property
    def name(self) -> str:
        """What it is called in the report."""
        who = f" {self.role} of {' '.join(self.areas)}" if self.areas else ""
        return f"{self.path.rpartition('/')[2]}?{self.query}{who}" + (f" from {self.part:g}" if self.part < 1 else "")

    def target(self, count: int) -> str:
        """Return path and query, with so many members there."""
        if self.part == 1:
            return f"{self.path}?{self.query}"
        at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=int(count * self.part) * crowd.SECONDS_BETWEEN)
        return f"{self.path}?{self.query}&cursor={encode((at.isoformat(), '00000000-0000-7000-8000-000000000000'))}"


_WORDS = ("investment", "trade", "education", "culture", "social", "health")
ALONE = (
    Question(),
    *(Question(f"{name}={word}") for name in ("interest", "contribution") for word in _WORDS),
    *(Question(f"channel={channel}") for channel in ("email", "whatsapp", "telegram", "sms", "call")),
    *(Question(query) for query in ("language=en", "language=st", "status=registered", "status=confirmed")),
    *(Question(f"country={country}") for country in ("ZA", "GB", "FR")),
    *(Question(f"province={province}") for province in ("ZA-GP", "ZA-LP", "ZA-NC")),
    *(Question(f"partner={partner}") for partner in (crowd.SHEETS_CODE, "LS-E-DUBLIN", "NOBODY")),
    *(Question(f"q={quote(q)}") for q in ("mokoena", "mo", "palesa mokoena", "lira seabata", crowd.RARE_NAME, "nobodyatall")),
    *(Question(f"q={quote(q)}") for q in ("crowd500@example.org", "nobody@example.org", "+27730000500")),
    *(Question(query, part=part) for query in ("", "status=confirmed", "country=ZA") for part in (0.5, 0.001)),
)
"""One filter, or a page of all."""
TOGETHER = (
    *(Question(f"channel={channel}&status=confirmed") for channel in ("sms", "call", "telegram")),
    *(Question(f"channel=call&{other}") for other in ("status=registered", "interest=trade", "country=BE", "q=palesa")),
    *(Question(f"language=st&{other}") for other in ("interest=trade", "status=registered", "channel=telegram", "province=ZA-NW")),
    *(Question(f"partner={crowd.SHEETS_CODE}&{other}") for other in ("status=confirmed", "province=ZA-GP", "country=GB")),
    Question("partner=LS-HC-PRETORIA&status=confirmed"),
    Question("province=ZA-GP&channel=telegram"),
    Question("province=ZA-LP&q=palesa"),
    Question("country=ZA&contribution=social"),
    Question("interest=trade&contribution=health&channel=email&language=en&status=registered"),
    Question("language=st&interest=trade", part=0.01),
    *(Question(query, areas=("GB", "IE", "BE")) for query in ("", "channel=call", "language=st")),
    *(Question(role="mission", areas=areas) for areas in (("GB",), ("ZA-NC",), ("ZA-GP", "ZA-LP", "ZA-MP", "ZA-NW"))),
    Question("q=mokoena", role="mission", areas=("ZA-GP", "ZA-LP", "ZA-MP", "ZA-NW")),
    Question("status=confirmed", role="mission", areas=("ZA",)),
)
"""Several filters, or one within a scope; of most, nobody or hardly anybody fits."""
FIGURES = (Question(path=COVERAGE), Question(path=COVERAGE, role="viewer"))


def fill(url: str, count: int) -> None:
    """Write so many members into a registry's database."""
    execute(url, *crowd.statements(count))


class Registry(House):
    """The registry by itself, spoken to as the gateway does.

    Args:
        database: one that `fill` has filled.
    """

    name = "registry"

    def __init__(self, ground: Ground, database: str) -> None:
        super().__init__(ground, {"registry": database})
        self.programs = {"registry": self.programs["registry"]}


class _Asker:
    """One connection, as the gateway keeps it."""

    def __init__(self, registry: Registry, count: int) -> None:
        port = int(registry.settings["REGISTRY_URL"].rpartition(":")[2])
        self._keys = [SecretStr(registry.settings["REGISTRY_IDENTITY_KEYS"])]
        self._count = count
        self._connection = http.client.HTTPConnection(LOOPBACK, port, timeout=DEADLINE_SECONDS)

    def ask(self, question: Question) -> float:
        """Ask, and return the milliseconds until the whole answer was there."""
        identity = Identity(kind="staff", id="1", role=question.role, areas=question.areas, organisation="IOM")
        signed = sign(identity, self._keys, service="registry", method="GET", path=question.path)
        target, began = question.target(self._count), time.perf_counter()
        self._connection.request("GET", target, headers={HEADER: signed})
        answer = self._connection.getresponse()
        body = answer.read()
        took = 1000 * (time.perf_counter() - began)
        if answer.status != 200 or "items" not in json.loads(body):
            raise OSError(f"the registry answered {answer.status} to {question.name}")
        return took


def measure(registry: Registry, count: int, questions: Sequence[Question]) -> dict[str, Any]:
    """Ask all questions in turns; figures are milliseconds at the service, those of `kinds` for each question."""
    asker = _Asker(registry, count)
    for _ in range(WARM_UP):
        for question in questions:
            asker.ask(question)
    before, began = cpu(registry.roles), time.monotonic()
    taken: dict[str, list[float]] = {question.name: [] for question in questions}
    for _ in range(TIMES):
        for question in questions:
            taken[question.name].append(asker.ask(question))
    used, seconds = spent(before, cpu(registry.roles)), time.monotonic() - began
    asked = TIMES * len(questions)
    kinds = {name: {"p50": statistics.median(each), "p95": _p95(each), "max": max(each)} for name, each in taken.items()}
    slowest = max(kinds, key=lambda name: kinds[name]["p95"])
    everything = [each for kind in taken.values() for each in kind]
    return {
        "asked": asked,
        "p50_ms": statistics.median(everything),
        "p95_ms": _p95(everything),
        "slowest": slowest,
        "slowest_p95_ms": kinds[slowest]["p95"],
        "kinds": kinds,
        "cpu_ms": {role: round(1000 * value / asked, 3) for role, value in used.items() if role != MACHINE},
        "others_percent": others_percent(used, seconds),
    }


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]
