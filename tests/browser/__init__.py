"""The pages as people see them: a real browser, and the whole house behind it."""
