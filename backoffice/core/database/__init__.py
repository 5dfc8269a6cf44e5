"""Django's PostgreSQL backend, told about composite keys."""
