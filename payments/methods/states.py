"""Words of a method's terms."""

from django.db import models


class Direction(models.TextChoices):
    DEPOSIT = "deposit", "Deposit"
    WITHDRAWAL = "withdrawal", "Withdrawal"


class Payer(models.TextChoices):
    """Who bears a fee: it is taken from the client's money, or booked as the brokerage's cost."""

    CLIENT = "client", "The client"
    HOUSE = "house", "The brokerage"


class CountryRule(models.TextChoices):
    ANY = "any", "Every country"
    ONLY = "only", "Only these"
    EXCEPT = "except", "All but these"


def direction_of(*, out: bool) -> Direction:
    return Direction.WITHDRAWAL if out else Direction.DEPOSIT
