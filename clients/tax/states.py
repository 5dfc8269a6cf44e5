"""Answers of a self-certification (OECD Common Reporting Standard, section VIII; FATCA)."""

from django.db import models


class NoTin(models.TextChoices):
    """Why there is no taxpayer number: reasons A, B and C of the CRS self-certification form."""

    A = "A", "A: the country issues none"
    B = "B", "B: it could not be obtained"
    C = "C", "C: the country does not ask for it"


class Classification(models.TextChoices):
    """What a company is to CRS and FATCA."""

    ACTIVE = "active_nfe", "Active non-financial entity"
    PASSIVE = "passive_nfe", "Passive non-financial entity"
    FINANCIAL = "financial", "Financial institution"
