"""One person, one record: likely pairs are found after the registrations' own work, judged by staff, merged, and parted again.

keeping.py     finds the pairs: a background worker that takes whoever has joined or was changed
learning.py    what the registry's own records teach the judging, now and then
pairs.py       the queue, as a caller may see it
joining.py     the rules: two records become one
parting.py     the rules: one becomes two again
acts.py        merging as a transaction: locked, decided, announced; undoing.py the same for parting
leading.py     where an absorbed member's id, and their contacts', lead now
"""
