"""How likely two records are one person's, and why: pure, for one newcomer beside a million and for a whole file (decision 17).

population = Population.of(people)              # or Population(counts, number, weights) from a store
judge(one, other, population)                   # score, likely, what speaks for it and against
blocking_keys(newcomer)                         # what an index is asked for
for one, other, judgement in pairs(people): …   # a file, judged by what it teaches itself
"""

from services.registry.likeness.batch import Scored, pairs
from services.registry.likeness.blocking import LARGEST_BLOCK, MOST_CANDIDATES, blocking_keys, candidates
from services.registry.likeness.evidence import Comparison, Other, Weights
from services.registry.likeness.judging import Judgement, judge
from services.registry.likeness.person import Birth, Person
from services.registry.likeness.population import Population, counted
from services.registry.likeness.reasons import SLUGS, Reason
from services.registry.likeness.traits import Traits

__all__ = [
    "LARGEST_BLOCK",
    "MOST_CANDIDATES",
    "SLUGS",
    "Birth",
    "Comparison",
    "Judgement",
    "Other",
    "Person",
    "Population",
    "Reason",
    "Scored",
    "Traits",
    "Weights",
    "blocking_keys",
    "candidates",
    "counted",
    "judge",
    "pairs",
]
