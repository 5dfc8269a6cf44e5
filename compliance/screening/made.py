"""Names to measure the search with: listed ones as people mistype them, and innocents.

The innocents are given and family names that are common in the countries where brokerages find
their clients, put together by chance; a few of them bear a listed name all the same, as in life.
"""

import random
from collections.abc import Callable, Sequence

from .entities import Kind, ListEntity

SEED = 20260301

_GIVEN = """James Mary John Patricia Robert Linda Michael Barbara William Susan Thomas Sarah
    Marie Camille Lucas Chloe Hugo Emma Julien Manon Lukas Hannah Felix Lena Jonas
    Sophie Paul Giulia Marco Francesca Alessandro Chiara Carmen Javier Lucia Pablo
    Elena Diego Ines Tiago Beatriz Joana Anna Piotr Katarzyna Tomasz Agnieszka Jan
    Petra Jakub Zsofia Balazs Ioana Andrei Maria Georgi Elitsa Nikos Eleni Kostas
    Katerina Yiannis Oksana Taras Irina Sergei Olga Dmitri Natalia Aigerim Nurlan
    Zarina Aysel Elif Mehmet Zeynep Mustafa Ayse Omar Layla Youssef Nour Khalid
    Fatima Ahmed Mariam Hassan Salma Reza Maryam Priya Rahul Ananya Arjun Kavya
    Rohan Imran Ayesha Bilal Sana Wei Min Jing Hao Lei Siti Budi Dewi Agus Putri
    Nguyen Linh Minh Thuy Somchai Malee Juan Jose Angel Kwame Ama Chidi Ngozi
    Tunde Amina Thabo Lerato Sipho Zanele Carlos Valentina Mateo Camila Santiago
    Isabella Joao Larissa Rafael Fernanda""".split()  # noqa: SIM905
_FAMILY = """Smith Johnson Brown Taylor Wilson Walker Wright Martin Bernard Dubois Laurent
    Moreau Muller Schmidt Schneider Fischer Weber Becker Rossi Ferrari Esposito
    Bianchi Romano Garcia Fernandez Lopez Gonzalez Perez Torres Silva Santos
    Oliveira Pereira Costa Novak Svoboda Dvorak Kowalski Nowak Wisniewski Nagy
    Szabo Horvath Popescu Ionescu Dimitrov Ivanova Petrov Papadopoulos Georgiou
    Christodoulou Andreou Constantinou Shevchenko Kovalenko Bondarenko Smirnova
    Kuznetsov Popova Sokolov Nazarbaev Akhmetov Aliyev Mammadova Yilmaz Kaya Demir
    Sahin Hassan Ibrahim Khalil Haddad Mansour Nasser Farah Ahmadi Karimi Hosseini
    Sharma Patel Singh Gupta Reddy Iyer Khan Hussain Malik Chaudhry Wang Li Zhang
    Chen Liu Yang Huang Wijaya Santoso Hartono Tran Pham Hoang Srisuk Wongsakul
    Cruz Reyes Bautista Mendoza Mensah Owusu Okafor Adeyemi Balogun Dlamini Nkosi
    Mokoena Rodriguez Ramirez Rojas Vargas Castillo Souza Almeida Barbosa
    Lindqvist Johansson Hansen Nielsen Korhonen Virtanen Jansen de Vries van Dijk
    Peeters Maes Keller Huber Gruber""".split()  # noqa: SIM905
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def innocents(count: int, seed: int = SEED) -> list[str]:
    """People who are on no list, but by the chance of a common name."""
    chance = random.Random(seed)  # noqa: S311 - invented names, no secret
    made = []
    for _ in range(count):
        parts = [chance.choice(_GIVEN), chance.choice(_FAMILY)]
        if chance.random() < 0.25:  # noqa: PLR2004 - a second given name
            parts.insert(1, chance.choice(_GIVEN))
        made.append(" ".join(parts))
    return made


def mistyped(entities: Sequence[ListEntity], count: int, seed: int = SEED) -> list[tuple[str, str]]:
    """(name, the list's own id): primary names of listed people with one light fault each."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    people = [
        each
        for each in entities
        if each.kind == Kind.PERSON and len(each.names[0].text.split()) > 1
    ]
    made = []
    for _ in range(count):
        entity = chance.choice(people)
        fault = chance.choice(FAULTS)
        made.append((fault(_said(entity.names[0].text), chance), entity.id))
    return made


def _said(name: str) -> str:
    """As a client gives it: the given names first, capitals at the start alone."""
    family, comma, given = name.partition(",")
    return f"{given} {family}".strip().title() if comma else name.title()


def _same(name: str, chance: random.Random) -> str:
    return name


def _letter(change: Callable[[str, int, random.Random], str]) -> Callable[..., str]:
    """A change within the longest part of a name, past its first letter."""

    def fault(name: str, chance: random.Random) -> str:
        parts = name.split()
        longest = max(range(len(parts)), key=lambda place: len(parts[place]))
        word = parts[longest]
        if len(word) > 2:  # noqa: PLR2004 - nothing past the first letter
            parts[longest] = change(word, chance.randrange(1, len(word) - 1), chance)
        return " ".join(parts)

    return fault


def _other_order(name: str, chance: random.Random) -> str:
    *given, family = name.split()
    return " ".join([family, *given])


def _without_middle(name: str, chance: random.Random) -> str:
    parts = name.split()
    if len(parts) > 2:  # noqa: PLR2004 - there is a middle
        del parts[chance.randrange(1, len(parts) - 1)]
    return " ".join(parts)


FAULTS: tuple[Callable[[str, random.Random], str], ...] = (
    _same,
    _other_order,
    _without_middle,
    _letter(lambda word, at, chance: word[:at] + word[at + 1 :]),
    _letter(lambda word, at, chance: word[:at] + word[at] + word[at:]),
    _letter(lambda word, at, chance: word[:at] + chance.choice(_LETTERS) + word[at + 1 :]),
    _letter(lambda word, at, chance: word[:at] + word[at + 1] + word[at] + word[at + 2 :]),
    lambda name, chance: name.upper(),
    lambda name, chance: name.replace(" ", "-", 1),
)
