"""Questionnaires that a brokerage builds itself, what clients answer, what follows from it."""
