"""The commands measure what they say, and a changed list finds the clients it concerns."""

import json
from io import StringIO
from itertools import permutations
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from compliance.screening.bench import best_threshold, held_out_f1, measure_search, rates
from compliance.screening.changes import ChangedEntities
from compliance.screening.entities import Kind, ListEntity, ListName, Quality
from compliance.screening.index import WatchIndex
from compliance.screening.match import Subject

PAIRS = """case_group,schema,name1,name2,is_match,quality,category,notes
a,Person,Graf Orlok,"ORLOK, Graf",true,STRONG,,
a,Person,Graf Orlok,Abraham Van Helsing,false,STRONG,,
a,Company,Night Lines Ltd,Night Lines Limited,true,MEDIUM,,
a,Person,Graf Orlok,Wilhelmina Murray,true,WEAK,,
"""
LIST = "id,kind,name\nA1,person,Graf Orlok\nA2,person,Abraham Van Helsing\nA3,entity,Night Lines\n"


def run(command: str, *arguments: str) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    (tmp_path / "pairs.csv").write_text(PAIRS, encoding="utf-8")
    return tmp_path / "pairs.csv"


def test_name_score_prints_figures_per_tier_beside_rapidfuzz(pairs: Path) -> None:
    lines = run("name_score", "--pairs", str(pairs), "--wrong").splitlines()
    assert lines[0] == "4 pairs"
    assert lines[1].startswith("backoffice: F1 0.800, precision 1.000, recall 0.667 at 0.72;")
    assert lines[1].endswith("us per pair")
    assert lines[2:5] == [
        "  STRONG 2/2 right, F1 1.000, precision 1.000, recall 1.000",
        "  MEDIUM 1/1 right, F1 1.000, precision 1.000, recall 1.000",
        "  WEAK   0/1 right, F1 0.000, precision 0.000, recall 0.000",
    ]
    assert lines[5].startswith("rapidfuzz WRatio: F1 ")
    assert lines[-1].endswith("match WEAK   Graf Orlok | Wilhelmina Murray")


def test_name_score_gives_the_same_as_json(pairs: Path) -> None:
    own, yardstick = json.loads(run("name_score", "--pairs", str(pairs), "--json"))
    assert (own["f1"], own["precision"], own["threshold"]) == (pytest.approx(0.8), 1.0, 0.72)
    assert own["by_quality"]["STRONG"]["right"] == 2
    assert yardstick["scorer"] == "rapidfuzz WRatio"


def test_name_score_refuses_a_file_of_another_shape(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(CommandError, match="lacks the columns schema"):
        run("name_score", "--pairs", str(tmp_path / "bad.csv"))
    with pytest.raises(CommandError, match="There is no file"):
        run("name_score", "--pairs", str(tmp_path / "none.csv"))


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    (tmp_path / "list.csv").write_text(LIST, encoding="utf-8")
    (tmp_path / "positives.csv").write_text(
        "name,id\nGreaf Orlmk,A1\nNight Lines Ltd,A3\nGraf Orlok,A2\n", encoding="utf-8"
    )
    (tmp_path / "negatives.csv").write_text(
        "name\nWilhelmina Murray\nGraf Orlok\nLucy Westenra\nQuincey Morris\n", encoding="utf-8"
    )
    return [
        *("--positives", str(tmp_path / "positives.csv")),
        *("--negatives", str(tmp_path / "negatives.csv")),
        *("--lists", str(tmp_path / "list.csv")),
    ]


def test_screen_bench_counts_recall_by_id_and_flags_of_innocents(names: list[str]) -> None:
    lines = run("screen_bench", *names, "--missed").splitlines()
    assert lines[0].startswith("index: 3 entities, 3 names, built in ")
    assert lines[1] == "3 positives, 4 negatives"
    found, missed = "0.6667", "0.3333"
    assert [line.split(";")[0] for line in lines[2:8]] == [
        f"at {threshold}: recall {recall}, flags per 1,000 250.00"
        for threshold, recall in (
            ("0.70", found),
            ("0.75", found),
            ("0.80", found),
            ("0.85", found),
            ("0.90", missed),
            ("0.92", missed),
        )
    ]
    assert "positives p50 " in lines[2]
    assert lines[8:] == ["  missed A2: Graf Orlok"]


def test_screen_bench_keeps_to_a_kind_and_speaks_json(names: list[str]) -> None:
    figures = json.loads(run("screen_bench", *names, "--kind", "person", "--json"))
    assert figures["recall"]["0.85"] == pytest.approx(1 / 3)
    assert set(figures["p95_ms"]) == {"positives", "negatives"}


def test_screen_bench_says_when_positives_have_no_ids(names: list[str], tmp_path: Path) -> None:
    (tmp_path / "positives.csv").write_text("name\nGraf Orlok\n", encoding="utf-8")
    with pytest.raises(CommandError, match="lacks the columns id"):
        run("screen_bench", *names)


def test_screen_bench_makes_its_own_names(names: list[str]) -> None:
    figures = json.loads(run("screen_bench", *names[4:], "--made", "40", "--json"))
    assert figures["recall"]["0.7"] == 1.0
    assert figures["flags_per_thousand"]["0.85"] == 0.0
    with pytest.raises(CommandError, match="--made"):
        run("screen_bench", *names[4:])


def test_a_second_id_of_the_list_counts_as_found() -> None:
    entity = ListEntity(
        source="un", id="X.1", kind=Kind.PERSON, names=(ListName.of("Graf Orlok"),),
        other_ids=("77",),
    )  # fmt: skip
    report = measure_search(WatchIndex([entity]), [("Graf Orlok", "77")], [])
    assert report.recall[0.92] == 1.0


def test_the_threshold_is_chosen_where_f1_is_best_and_tested_elsewhere() -> None:
    scored = [(0.9, True), (0.8, True), (0.6, False), (0.55, False)] * 10
    assert 0.6 < best_threshold(scored) <= 0.8
    assert held_out_f1(scored) == 1.0
    assert rates([(True, True), (True, False), (False, True)]).f1 == 0.5


CLIENTS = [
    ("c1", "Graf Orlok"),
    ("c2", "Wilhelmina Murray"),
    ("c3", "Graf Orlock"),
    ("c3", "Count Orlok"),
    ("c4", "GrafOrlok"),
    ("c5", "граф орлок"),
    ("c6", "---"),
]


ORLOK = ListEntity(
    source="demo",
    id="1",
    kind=Kind.PERSON,
    names=(ListName.of("ORLOK, Graf"), ListName.of("Nosferatu", Quality.WEAK)),
)


def test_a_changed_entry_finds_the_clients_that_it_may_concern() -> None:
    found = list(ChangedEntities([ORLOK]).concerned(CLIENTS))
    assert [(each.subject_id, each.name) for each in found] == [
        ("c1", "Graf Orlok"),
        ("c3", "Graf Orlock"),
        ("c4", "GrafOrlok"),
        ("c5", "граф орлок"),
    ]
    assert found[0].score == 1.0
    assert found[0].listed.text == "ORLOK, Graf"


def test_a_changed_company_concerns_no_person() -> None:
    company = ListEntity(
        source="demo", id="1", kind=Kind.ENTITY, names=(ListName.of("Graf Orlok"),)
    )
    assert list(ChangedEntities([company]).concerned(CLIENTS)) == []
    found = ChangedEntities([company], Kind.ENTITY).concerned([("c9", "Graf Orlok Ltd")])
    assert [each.subject_id for each in found] == ["c9"]


@pytest.mark.parametrize(
    ("listed", "client"),
    [
        ("CASTRO, Jorge", "Jorge Caro"),  # two letters lost
        ("PATRUSHEV, Nikolai", "Nikolai Patr Ushev"),  # parted
        ("DELOS REYES, Feliciano", "Feliciano de los Reyes"),
        ("GATES, William", "Bill Gates"),  # a short form
        ("ASHRAF, Haji M.", "Maurice Ashraf"),  # an initial
        ("ABDULLAH, Karim", "Abd Allah Karim"),
        ("محمد الزهراني", "Mohammed al-Zahrani"),
        ("AL-ZAHRANI, Mohammed", "محمد الزهراني"),
        ("SALEH", "Saleh"),
        ("Kim Jong Un", "金正恩"),
    ],
)
def test_a_changed_entry_finds_names_written_otherwise(listed: str, client: str) -> None:
    entity = ListEntity("demo", "1", Kind.PERSON, (ListName.of(listed),))
    strangers = [("s1", "Wilhelmina Murray"), ("s2", "Jorge Mina"), ("s3", "Bill Harker")]
    found = ChangedEntities([entity]).concerned([*strangers, ("c1", client)], score_min=0.63)
    assert [each.subject_id for each in found] == ["c1"]


def test_reading_clients_past_changes_finds_whom_screening_each_of_them_finds() -> None:
    """The same clients, asked one by one on an index of the changed entities alone."""
    words = ["Graf", "Orlok", "Orlock", "Mina", "Murray", "Murrey", "Lucy", "Westenra", "Westenrah"]
    listed = [
        ListEntity("demo", str(number), Kind.PERSON, (ListName.of(f"{last}, {first}"),))
        for number, (first, last) in enumerate(permutations(words[::2], 2))
    ]
    clients = [(f"{one} {two}", f"{one} {two}") for one, two in permutations(words, 2)]
    index = WatchIndex(listed)
    wanted = {text for text, _ in clients if index.search(Subject(text), score_min=0.7)}
    found = {each.subject_id for each in ChangedEntities(listed).concerned(clients)}
    assert found == wanted
    assert 0 < len(wanted) < len(clients)
