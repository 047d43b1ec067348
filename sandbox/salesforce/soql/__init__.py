"""SOQL: the text is parsed, bound to the org's fields and the user's rights, and run."""
