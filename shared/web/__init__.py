"""The page frame all services share: language, base template, form macros, problem documents, paging, security headers."""
