"""Praxis in a box: sessions, attempts that ask leave, notifications, refunds, and faults."""
