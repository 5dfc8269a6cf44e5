"""Where the law forbids bonuses none is given, and the sentence names the rule."""

import pytest

from payments.bonuses.bars import EEA, Party, why_barred

CYPRUS = Party("Aurora (EU) Ltd", "CySEC", "CY")
LONDON = Party("Borealis UK Ltd", "FCA", "GB")
ISLAND = Party("Cirrus Ltd", "FSA Seychelles", "SC")


@pytest.mark.parametrize(
    ("entities", "residence", "also", "words"),
    [
        ([CYPRUS], "ZA", (), "Decision 2018/796"),
        ([LONDON], "ZA", (), "COBS 22.5"),
        ([Party("Meridian", "ASIC", "AU")], "ZA", (), "2020/986"),
        ([Party("Named oddly", " cysec ", "SC")], "ZA", (), "Decision 2018/796"),
        ([Party("No regulator named", "none yet", "DE")], "ZA", (), "Decision 2018/796"),
        ([ISLAND], "SE", (), "who lives in SE"),
        ([ISLAND], "GB", (), "COBS 22.5"),
        ([ISLAND, CYPRUS], "ZA", (), "Aurora (EU) Ltd"),  # nobody knows whose client it is
        ([ISLAND], "ZA", ("fsa seychelles",), "the settings say that FSA Seychelles forbids it"),
        ([], "FR", (), "who lives in FR"),
    ],
)
def test_a_retail_client_is_barred_by_the_rule_that_is_named(
    entities: list[Party], residence: str, also: tuple[str, ...], words: str
) -> None:
    said = why_barred(retail=True, residence=residence, entities=entities, also=also)
    assert words in said
    assert "may not be given a bonus" in said


def test_professionals_and_clients_beyond_the_rules_are_not_barred() -> None:
    assert why_barred(retail=False, residence="CY", entities=[CYPRUS, LONDON]) == ""
    assert why_barred(retail=True, residence="ZA", entities=[ISLAND]) == ""
    assert why_barred(retail=True, residence="", entities=[]) == ""
    assert len(EEA) == 30
