"""Contacts that members add and remove on their own page, or have staff add and remove for them.

typed     an e-mail address or a number as people write it
changing  what becomes of the member, and who is told. No I/O, no clock
keeping   the same under locks: others who have the contact, the audit, the call list
"""
