"""Two spellings of a name come together and two people stay apart, with reasons."""

import pytest

from compliance.screening.bench import (
    PAIR_THRESHOLD,
    measure_pairs,
    own_score,
    rapidfuzz_score,
    read_pairs,
)
from compliance.screening.entities import Kind
from compliance.screening.normalise import prepared_names
from compliance.screening.phonetics import sound_key
from compliance.screening.score import name_score
from tests.shared_data import shared_data

P, E, V = Kind.PERSON, Kind.ENTITY, Kind.VESSEL


@pytest.mark.parametrize(
    ("kind", "left", "right"),
    [
        (P, "ORLOK, Graf", "Graf Orlok"),
        (P, "Dr. Graf Orlok", "GRAF ORLOK"),
        (P, "Gräf Órłok", "Graf Orlok"),
        (P, "GrafOrlok", "Graf Orlok"),
        (P, "Graf Or lok", "Graf Orlok"),
        (P, "Abd al-Rahman Yassin", "Abdul Rahman Yassin"),
        (P, "Abdurrahman Yassin", "Abd Al Rahman Yassin"),
        (P, "Muhammad Qadir", "Mohammed Qadir"),
        (P, "Jean-Claude Moreau", "Jean Claude Moreau"),
        (P, "Igor Smirn0v", "Igor Smirnov"),
        (P, "Владимир Орлов", "Vladimir Orlov"),
        (P, "Γιώργος Παππάς", "Giorgos Pappas"),
        (P, "김정은", "Kim Jong Un"),
        (P, "金正恩", "Kim Jong Un"),
        (P, "山田太郎", "Yamada Taro"),
        (P, "习近平", "Xi Jinping"),
        (P, "محمد علي", "Mohamed Ali"),
        (P, "משה", "Moshe"),
        (E, "Night Lines Ltd.", "NIGHT LINES LIMITED"),
        (E, "OOO Nochnye Linii", "Nochnye Linii LLC"),
        (E, "Night Lines, L.L.C.", "Night Lines Limited Liability Company"),
        (E, "1st Night Bank", "First Night Bank"),
        (E, "Brigade Forty-Four", "Brigade 44"),
        (E, "The Night & Day Organisation", "Night and Day Organization"),
        (V, "MV Night Star", "NIGHT STAR"),
    ],
)
def test_one_name_written_in_two_ways_scores_high(kind: Kind, left: str, right: str) -> None:
    assert name_score(left, right, kind).score >= 0.9
    assert name_score(right, left, kind).score >= 0.9


@pytest.mark.parametrize(
    ("kind", "left", "right"),
    [
        (P, "Graf Orlok", "Graf Dracula"),
        (P, "Abdullah bin Omar", "Omar bin Abdullah"),
        (P, "Saleh Nasser al-Harbi", "Saleh Nasser al-Dosari"),
        (P, "Ahmed Karimi", "Mohamed Karimi"),
        (P, "Orlok", "Graf Maximilian Orlok Schreck"),
        (P, "김종은", "김정은"),
        (P, "Kim Sok Jin", "Kim Sok Chol"),
        (E, "Night Lines Trading", "Day Lines Trading"),
        (E, "Bank of Arcadia (Spain)", "Bank of Arcadia (Sweden)"),
        (E, "LXC Aviation", "LAU Aviation"),
    ],
)
def test_two_people_with_like_names_stay_apart(kind: Kind, left: str, right: str) -> None:
    assert name_score(left, right, kind).score < PAIR_THRESHOLD


@pytest.mark.parametrize("text", ["", " ", "---", "!!!", "。、"])
def test_what_has_no_letters_matches_nothing(text: str) -> None:
    assert name_score(text, "Graf Orlok", P).score == 0.0
    assert prepared_names(text, P) == ()


def test_one_letter_is_a_name_and_is_not_every_name_with_that_initial() -> None:
    assert name_score("X", "Xaver Orlok", P).score < PAIR_THRESHOLD
    assert name_score("X", "X", P).score == 1.0


def test_an_initial_stands_for_a_name_less_surely_than_the_name() -> None:
    whole = name_score("Graf M. Orlok", "Graf Maximilian Orlok", P)
    assert PAIR_THRESHOLD < whole.score < 1.0
    (initial,) = [pair for pair in whole.pairs if pair.similarity < 1.0]
    assert (initial.query.text, initial.listed.text, initial.similarity) == ("m", "maximilian", 0.8)


def test_a_score_is_one_less_its_losses_unless_a_special_case_is_named() -> None:
    plain = name_score("Graf Orlock", "Graf Maximilian Orlok", P)
    assert plain.score == pytest.approx(1.0 - sum(plain.losses))
    assert (plain.reason, [token.text for token in plain.listed_left]) == ("", ["maximilian"])
    swapped = name_score("Abdullah bin Omar", "Omar bin Abdullah", P)
    assert swapped.reason == "father and son swapped"
    assert name_score("GrafOrlok", "Graf Orlok", P).reason == "written together"


def test_parts_that_only_one_side_has_cost_less_than_parts_that_differ() -> None:
    longer = name_score("Graf Orlok", "Graf Maximilian Orlok", P).score
    other = name_score("Graf Otto Orlok", "Graf Maximilian Orlok", P).score
    assert longer > 0.8 > PAIR_THRESHOLD > other


def test_different_legal_forms_cost_a_little_and_a_missing_one_nothing() -> None:
    assert name_score("Night Lines", "Night Lines AG", E).score == 1.0
    assert name_score("Night Lines GmbH", "Night Lines AG", E).score == pytest.approx(0.94)


def test_a_repeated_part_adds_nothing() -> None:
    assert name_score("Sergey Sergey Orlok", "Sergey Orlok", P).score == 1.0


def test_a_name_of_four_thousand_words_is_compared_in_no_time_and_matches_nothing() -> None:
    assert name_score("word " * 4000, "Graf Orlok", P).score == 0.0


@pytest.mark.parametrize(
    ("left", "right"),
    [("laden", "ladin"), ("rouhani", "rohani"), ("nooristani", "nuristani"), ("zhukov", "jukov")],
)
def test_transliterations_of_one_name_sound_alike(left: str, right: str) -> None:
    assert sound_key(left) == sound_key(right) != ""


def test_the_labelled_pairs_reach_the_aim_with_every_strong_pair_right() -> None:
    pairs = read_pairs(shared_data("screening/name_pairs.csv"))
    own = measure_pairs(pairs, "own", own_score, PAIR_THRESHOLD)
    assert own.overall.f1 >= 0.9
    assert own.held_out >= 0.88
    assert own.by_quality["STRONG"].right == own.by_quality["STRONG"].total == 24
    yardstick = measure_pairs(pairs, "rapidfuzz", rapidfuzz_score)
    assert own.overall.f1 > yardstick.overall.f1 + 0.1


def test_names_across_scripts_reach_what_the_published_pairs_ask() -> None:
    lines = shared_data("screening/cross_script_pairs.csv").read_text(encoding="utf-8").splitlines()
    below = []
    for line in lines:
        if line and not line.startswith("#"):
            left, right, wanted, _ = line.split(",", 3)
            score = name_score(left, right, Kind.PERSON).score
            if score < float(wanted):
                below.append((left, right, wanted, round(score, 2)))
    assert below == []
