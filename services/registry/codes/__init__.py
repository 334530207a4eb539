"""The codes by which people open their own page where no e-mail address is theirs alone. See decision 23.

rules    whom a code opens, and what is typed beside it. No I/O, no clock
keeping  codes that were made anew, and tries, in the database
"""
