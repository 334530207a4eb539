"""Outreach: partners who help to register people in their own area, and key people who are not members yet.

model        partners, what they were sent, what they promised; key people
codes        a partner's code, its link, the link as a picture
sight        which partners a caller may see
figures      how many members came by a partner's code
documents    poster and briefing pack as HTML
printing     this side of making a PDF: another process does it, one at a time, and what was made is kept for a while
typesetting  the other process
briefing     sending the pack, and what a partner answers
fields       what may stand in a partner's fields
showing      partners, promises and key people as callers see them
book         the book of partners: found, entered, changed
words        what kinds and states are called
key_people   taking in, telling, and letting go of key people
"""
