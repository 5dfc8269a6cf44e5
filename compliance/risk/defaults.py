"""The model that a brokerage begins with. Data to begin from: its compliance owner changes it."""

from datetime import date

from clients.models import Occupation
from compliance.risk.rules import FACTORS, Model

# FATF, "High-Risk Jurisdictions subject to a Call for Action" and "Jurisdictions under Increased
# Monitoring", both of 13 June 2025 (fatf-gafi.org).
CALLED = ("IR", "KP", "MM")
# fmt: off
MONITORED = (
    "AO", "BF", "BG", "BO", "CD", "CI", "CM", "DZ", "HT", "KE", "LA", "LB",
    "MC", "MZ", "NA", "NG", "NP", "SS", "SY", "VE", "VG", "VN", "YE", "ZA",
)
# fmt: on

_O = Occupation
FIRST = Model(
    weights={factor.code: factor.weight for factor in FACTORS},
    medium=35,
    high=60,
    levels={
        "kind": {"person": 20, "company": 60, "layered": 75},
        "occupation": {
            str(_O.EMPLOYEE): 20,
            str(_O.SELF_EMPLOYED): 40,
            str(_O.OWNER): 50,
            str(_O.CASH_BUSINESS): 90,
            str(_O.PUBLIC_OFFICIAL): 80,
            str(_O.LEGAL_OR_TAX): 50,
            str(_O.FINANCE): 30,
            str(_O.CRYPTO_OR_GAMBLING): 90,
            str(_O.STUDENT): 50,
            str(_O.RETIRED): 30,
            str(_O.NOT_WORKING): 70,
        },
        "instrument": {"card": 40, "bank": 10, "wallet": 50, "crypto": 90},
        "channel": {"direct": 30, "partner": 60, "api": 50},
        "evidence": {"accepted": 0, "given": 50, "none": 80},
    },
    countries={**dict.fromkeys(MONITORED, 80), **dict.fromkeys(CALLED, 100)},
    called=CALLED,
    other_countries=20,
    countries_source="FATF: call for action; increased monitoring",
    countries_as_of=date(2025, 6, 13),
)
