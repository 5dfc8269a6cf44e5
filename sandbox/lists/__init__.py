"""Watch lists of the sandbox's own; nobody on them exists."""
