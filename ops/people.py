"""Made-up Basotho abroad: believable, the same each time, and nobody. Their addresses are example domains, their numbers made up."""

import random
from collections.abc import Sequence
from typing import Any

from shared import facts


def _words(text: str) -> list[str]:
    return text.split()


WOMEN = _words(
    "Palesa Lineo Limpho Nthabiseng Keneuoe Lerato Refiloe Tšepiso Reitumetse Boitumelo Relebohile 'Mamello 'Mathabo Mathapelo Pontšo "
    "Ntšiuoa Matšeliso Moroesi Liteboho 'Malerato Puleng Mosa Thato Likeleli Makhauta 'Mapalesa"
)
MEN = _words(
    "Thabo Tšepo Tumelo Retšelisitsoe Lehlohonolo Khotso Molefi Mohau Katleho Tefo Sello Lebohang Thabiso Tšeliso Motlatsi Kananelo "
    "Bokang Tebello Moeketsi Sechaba Rethabile Mothusi Khothatso Lira Phomolo Seabata"
)
FAMILIES = _words(
    "Mokoena Mofokeng Mohapi Mokhethi Nkuebe Tau Ramaili Phafane Makhetha Tšehlana Lebona Ntšekhe Sekhonyana Matšela Nthunya Ramoeletsi "
    "Motaung Thamae Mphutlane Khoele Lesoetsa Rakhoale Molefe Moshabesha Lekhanya Khatleli Tlali Posholi Monyane Ntlhoki Mahao Sekete"
)
CITIES: dict[str, Sequence[str]] = {
    "ZA-GP": ("Johannesburg", "Carletonville", "Soweto", "Germiston", "Pretoria", "Vereeniging"),
    "ZA-FS": ("Welkom", "Bloemfontein", "Ladybrand", "Ficksburg", "Bethlehem"),
    "ZA-NW": ("Rustenburg", "Klerksdorp", "Orkney"),
    "ZA-KZN": ("Durban", "Pietermaritzburg", "Kokstad"),
    "ZA-WC": ("Cape Town", "Ceres", "Paarl"),
    "ZA-MP": ("Secunda", "Emalahleni"),
    "ZA-EC": ("Matatiele", "Aliwal North"),
    "ZA-LP": ("Polokwane", "Thabazimbi"),
    "ZA-NC": ("Kimberley", "Kathu"),
    "GB": ("London", "Leeds", "Glasgow"),
    "US": ("Washington", "Dallas", "Minneapolis"),
    "BW": ("Gaborone", "Francistown"),
    "SZ": ("Mbabane", "Manzini"),
    "MZ": ("Maputo",),
    "NA": ("Windhoek",),
    "CA": ("Ottawa", "Toronto"),
    "IE": ("Dublin", "Cork"),
    "DE": ("Berlin", "Köln"),
    "AU": ("Perth", "Melbourne"),
}
NUMBERS = {
    "LS": "+2665000{:04d}",
    "ZA": "+2771000{:04d}",
    "GB": "+447400000{:03d}",
    "US": "+120255501{:02d}",
    "BW": "+26771000{:03d}",
    "SZ": "+26876000{:03d}",
    "MZ": "+258840000{:03d}",
    "NA": "+26481000{:04d}",
    "CA": "+161355501{:02d}",
    "IE": "+353850000{:03d}",
    "DE": "+4915120000{:03d}",
    "AU": "+61491570{:03d}",
}
WORK: dict[str, Sequence[str]] = {
    "mine_worker": ("rock drill operator", "winch driver", "shaft timberman", "safety representative"),
    "domestic_worker": ("housekeeper", "child minder", "cook"),
    "farm_worker": ("fruit picker", "shearer", "tractor driver"),
    "factory_worker": ("machinist", "cutter", "packer"),
    "student": ("nursing student", "engineering student", "law student"),
    "professional": ("nurse", "teacher", "civil engineer", "accountant", "software developer", "doctor"),
    "business": ("shop owner", "builder", "taxi owner", "caterer"),
    "retired": ("retired miner", "retired teacher"),
    "other": ("choir leader", "pastor", "driver"),
}
NEAR = {
    "mine_worker": 24,
    "domestic_worker": 22,
    "farm_worker": 10,
    "factory_worker": 12,
    "student": 8,
    "professional": 12,
    "business": 6,
    "retired": 4,
    "other": 2,
}
"""How many in a hundred do what in South Africa, and further away: believable, not counted."""
FAR = {"student": 25, "professional": 50, "business": 10, "retired": 5, "other": 10}
INTERESTS = ("investment", "trade", "education", "culture", "social", "health")
NEEDS = ("documents", "work", "remittances", "social_security", "health", "return", "study", "legal")
NOTES = {
    "en": {
        "investment": "I am building four rooms to let in Maputsoe.",
        "trade": "I bring mohair blankets from home to a shop here.",
        "education": "I pay school fees for three children of my village.",
        "culture": "I lead a choir that sings Sesotho hymns each Sunday.",
        "social": "I keep the books of our burial society.",
        "health": "I train nurses on video calls on Saturdays.",
    },
    "st": {
        "investment": "Ke haha matlo a mane a ho hirisa Maputsoe.",
        "trade": "Ke rekisa likobo tse tsoang hae.",
        "education": "Ke lefella bana ba bararo ba motse oa heso sekolo.",
        "culture": "Ke etella pele khoaere e binang lifela tsa Sesotho.",
        "social": "Ke boloka libuka tsa mokhatlo oa lepato.",
        "health": "Ke ruta baoki ka Moqebelo.",
    },
}
EMAIL_DOMAINS = ("example.org", "example.com", "example.net")
SEED = 1966
CONSENT_TEXT_VERSION = "2020-01"


def people(count: int = 500, *, year: int) -> list[dict[str, Any]]:
    """Return registrations as bodies of `POST /api/v1/registrations`: every area has some, each contact is one person's alone.

    A smaller count gives the first of a larger one's people.
    """
    chance = random.Random(SEED)
    taken: dict[str, int] = {}
    return [_person(chance, number, area, taken, year) for number, area in enumerate(_areas(count))]


def contacts(registrations: Sequence[dict[str, Any]]) -> list[str]:
    """Return all their addresses and numbers."""
    return [person[kind] for person in registrations for kind in ("email", "phone") if kind in person]


def _areas(count: int) -> list[str]:
    """Return as many areas as people: each at least once, and in the long run as the planning targets are to each other."""
    chance = random.Random(SEED)
    known = facts.areas()
    chosen = [area.code for area in known]
    chance.shuffle(chosen)
    chosen += chance.choices([area.code for area in known], [area.planning_target for area in known], k=max(0, count - len(chosen)))
    return chosen[:count]


def _person(chance: random.Random, number: int, area: str, taken: dict[str, int], year: int) -> dict[str, Any]:
    near = area.startswith("ZA-")
    country = "ZA" if near else area
    shares = NEAR if near else FAR
    kind = chance.choices(list(shares), list(shares.values()))[0]
    woman = kind == "domestic_worker" or (kind != "mine_worker" and chance.random() < 0.5)
    language = "st" if chance.random() < (0.6 if near else 0.15) else "en"
    person: dict[str, Any] = {
        "given_name": chance.choice(WOMEN if woman else MEN),
        "family_name": chance.choice(FAMILIES),
        "country": country,
        "city": chance.choice(CITIES[area]),
        "home_district": chance.choice(facts.districts()).code,
        "occupation": chance.choice(WORK[kind]),
        "birth_year": year
        - (chance.randint(60, 78) if kind == "retired" else chance.randint(19, 27) if kind == "student" else chance.randint(24, 58)),
        "gender": "female" if woman else "male",
        "diaspora_type": kind,
        "language": language,
        "interests": sorted(chance.sample(INTERESTS, chance.randint(0, 3))),
        "needs": sorted(chance.sample(NEEDS, chance.randint(0, 3) if near else chance.randint(0, 1))),
        "consent": {"registration": True, "information": chance.random() < 0.9, "sharing": chance.random() < 0.6},
        "consent_text_version": CONSENT_TEXT_VERSION,
    }
    if near:
        person["province"] = area
    if chance.random() < 0.25:
        person["contributions"] = [chance.choice(INTERESTS)]
        person["contribution_note"] = NOTES[language][person["contributions"][0]]
    partners = [partner.code for partner in facts.partners() if area in partner.covers]
    if partners and chance.random() < 0.3:
        person["partner_code"] = chance.choice(partners)
    return person | _reached(chance, person, number, taken)


def _reached(chance: random.Random, person: dict[str, Any], number: int, taken: dict[str, int]) -> dict[str, Any]:
    """Return how a person is reached: hardly a mine or farm has e-mail, and many keep the SIM card from home."""
    online = person["diaspora_type"] in ("student", "professional", "business") or chance.random() < 0.55
    told: dict[str, Any] = {}
    if online:
        name = "".join(
            letter
            for letter in f"{person['given_name']}.{person['family_name']}".lower().replace("š", "s")
            if letter.isalpha() or letter == "."
        )
        told["email"] = f"{name}.{number:03d}@{chance.choice(EMAIL_DOMAINS)}"
    if not online or chance.random() < 0.7:
        region = "LS" if person["country"] == "ZA" and chance.random() < 0.25 else person["country"]
        taken[region] = taken.get(region, -1) + 1
        told["phone"] = NUMBERS[region].format(taken[region])
        if chance.random() < 0.7:
            told["whatsapp"] = True
    if person["consent"]["information"]:
        offered = [
            channel for channel, kind in (("email", "email"), ("whatsapp", "whatsapp"), ("sms", "phone"), ("call", "phone")) if kind in told
        ]
        told["channels"] = sorted(chance.sample(offered, min(len(offered), chance.randint(1, 2))))
    return told
