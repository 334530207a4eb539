"""Contacts that members add and remove on their own page.

typed     an e-mail address or a number as people write it
changing  what becomes of the member, and who is told. No I/O, no clock
"""
