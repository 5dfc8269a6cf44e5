"""Words that carry little of a name's identity, and the ways in which names are written alike.

All words are lower case and already in Latin letters. Sources: the legal-form lists of GLEIF
(ISO 20275), the wording of the OFAC, UN and EU files, common forms of address and hypocorisms.
"""

# Forms of address that are never part of a name; they go, unless nothing else is there.
TITLES = frozenset(
    """mr mrs ms miss mister dr doctor prof professor sir dame lord lady hon honorable honourable
    excellency herr frau monsieur madame mme mlle senor senora sig signor eng ing dipl general gen
    colonel col major maj captain capt lieutenant lt sergeant sgt brigadier brig admiral commander
    cdr president prasident presidente minister ministre governor senator ambassador chairman
    comrade dato datuk tun""".split()  # noqa: SIM905
)

# Honours that some carry as a name and most as a title: they count a little.
HONOURS = frozenset(
    """sheikh shaikh shaykh cheikh sheik haji hajji hadji hajj al-haj mullah mulla mullo maulavi
    maulvi mawlawi moulavi maulawi maulana mawlana qari hafiz hafez sayyid sayed sayyed syed seyed
    imam ayatollah ustad ustaz ustadz ustadh amir emir prince princess king pasha bey effendi
    engineer reverend rev father fr padre bishop hujjat""".split()  # noqa: SIM905
)

# Sons and daughters: what follows is the father's name, so that order carries meaning.
PATRONYMICS = frozenset({"bin", "ibn", "ben", "bn", "bint", "binti", "binte"})

PARTICLES = (
    frozenset(
        """al el ul ur ud uz as ad il l d de da do dos das del della delle degli di du des
    la le les lo los las van von vom der den dem ter ten te zu zum zur af av y e i o und et and the
    of for in on at to a an na st mac mc""".split()  # noqa: SIM905
    )
    | PATRONYMICS
)

# Father of, mother of: the start of a by-name.
KUNYAS = frozenset({"abu", "abou", "aboo", "umm", "um"})

# After "servant of" it makes one name: Abd Allah.
GOD = frozenset({"allah", "llah", "lah", "ullah", "alah"})

# Very common given names in the lists: sharing one says less than sharing a rare one.
FREQUENT_NAMES = frozenset(
    """mohammed mohammad muhammad mohamed mohamad muhammed mohd ahmed ahmad ali hassan hasan
    hussein husain hussain abdul abd abdel abdullah abdallah ibrahim khan jose juan maria luis
    carlos kim ri pak choe john michael david ivan sergey aleksandr vladimir""".split()  # noqa: SIM905
)

# Legal form -> family. Two names whose families differ are two companies more often than not.
_FORMS_BY_FAMILY = {
    "limited": """ltd|limited|llc|l l c|limited liability company|ooo|oao ooo|tov|too|gmbh|
        g m b h|gesellschaft mit beschrankter haftung|srl|s r l|societatea cu raspundere limitata|
        sarl|s a r l|societe a responsabilite limitee|sp z o o|sp zoo|spzoo|spolka z o o|doo|
        d o o|bv|b v|besloten vennootschap|bvba|b v b a|sl|s l|sociedad limitada|lda|limitada|
        ltda|kft|sro|s r o|s de rl de cv|s de rl|srl de cv|sas|s a s|pte ltd|pvt ltd|
        private limited|pty ltd|sdn bhd|fze|fzc|fzco|wll|w l l|co ltd|company limited|co limited|
        obshchestvo s ogranichennoy otvetstvennostyu|tovarystvo z obmezhenoyu vidpovidalnistyu|
        limited company|kollektiv""",
    "stock": """jsc|joint stock company|joint stock co|ojsc|oao|open joint stock company|pjsc|pao|
        public joint stock company|zao|cjsc|closed joint stock company|ao|ag|a g|aktiengesellschaft|
        sa|s a|sociedad anonima|societe anonyme|sa de cv|s a de c v|spa|s p a|ab|a b|aktiebolag|as|
        a s|aksjeselskap|aktieselskab|asa|oy|oyj|nv|n v|naamloze vennootschap|se|plc|p l c|
        public limited company|tbk|kk|aktsionernoe obshchestvo|
        otkrytoe aktsionernoe obshchestvo|publichnoe aktsionernoe obshchestvo|
        zakrytoe aktsionernoe obshchestvo|saog|saoc|psc""",
    "corporate": "corp|corporation|inc|incorporated|co|company|compania|cia|compagnie|cie",
    "partnership": "lp|l p|limited partnership|llp|l l p|kg|kgaa|ohg|gmbh co kg|snc|sca",
}


def _forms() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    table: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for family, text in _FORMS_BY_FAMILY.items():
        for phrase in text.split("|"):
            words = tuple(phrase.split())
            table.setdefault(words[0], []).append((words, family))
    for entries in table.values():
        entries.sort(key=lambda entry: -len(entry[0]))
    return table


# First word -> phrases that start with it, the longest first.
FORMS = _forms()
FORM_FAMILIES = {
    words[0]: family for entries in FORMS.values() for words, family in entries if len(words) == 1
}

# Forms whose misspellings are told from words: long ones, and short ones that are no syllables.
LONG_FORMS = tuple(form for form in FORM_FAMILIES if len(form) > 6)
SHORT_FORMS = ("gmbh", "ojsc", "cjsc", "pjsc", "ltda", "sarl", "corp", "fzco", "ltd")

# Trade words that many organisations share.
COMMON_WORDS = frozenset(
    """bank banking group gruppe grupo trading international holdings holding industries industrial
    industry enterprises enterprise services service global general national development investment
    investments inversiones capital management systems solutions technologies technology trust fund
    partners foundation organization association center institute export import exports imports
    commercial business shipping maritime marine lines line construction engineering electronics
    aviation airlines airways logistics transport transportation comercializadora empresa fundacion
    inmobiliaria servicios agropecuaria corporacion consulting financial finance insurance media
    petroleum oil gas energy mining steel factory works company offshore committee council ministry
    department state brothers sons products supply real estate society union federation
    establishment office general""".split()  # noqa: SIM905
)

# Written differently, the same word.
SAME_WORDS = {
    "organisation": "organization", "organisations": "organization", "centre": "center",
    "intl": "international", "int": "international", "internacional": "international",
    "internationale": "international", "mfg": "manufacturing", "govt": "government",
    "bros": "brothers", "dept": "department", "univ": "university", "assoc": "association",
    "grp": "group", "hldgs": "holdings", "svcs": "services", "tech": "technology",
    "technologies": "technology", "defence": "defense", "labour": "labor", "saint": "st",
    "banka": "bank", "banque": "bank", "banco": "bank", "organizatsiya": "organization",
    "abdel": "abdul", "abd": "abdul", "abdal": "abdul", "abdol": "abdul", "mohd": "mohammed",
    "md": "mohammed", "muh": "mohammed",
}  # fmt: skip

SAME_PHRASES = {
    ("united", "states"): "us", ("united", "kingdom"): "uk", ("united", "nations"): "un",
    ("good", "will"): "goodwill",
}  # fmt: skip

# Prefixes of ship names; "motor vessel" and the like.
VESSEL_PREFIXES = frozenset({"mv", "mt", "ms", "ss", "mts", "sv", "fv", "tb", "my"})

_NICKNAMES = """william bill billy will willy liam|robert bob rob bobby robby|richard dick rick
    ricky|theodore ted teddy theo|edward ed eddie ted|benjamin ben benny|james jim jimmy jamie|
    john jack johnny jon|michael mike mick mikey|thomas tom tommy|charles charlie chuck|
    joseph joe joey|anthony tony|andrew andy drew|daniel dan danny|david dave davy|matthew matt|
    nicholas nick nicky nico|christopher chris kit|alexander alex sasha sascha sandy|
    elizabeth liz beth betty eliza lisa|margaret maggie meg peggy|katherine kate kathy katie|
    catherine cate cathy|susan sue susie|rebecca becky|jennifer jen jenny|patricia pat patty|
    patrick pat paddy|samuel sam|stephen steve|steven steve|ronald ron ronnie|donald don donny|
    kenneth ken kenny|lawrence larry|gerald gerry jerry|gregory greg|timothy tim|peter pete|
    phillip phil|philip phil|raymond ray|leonard len leo|frederick fred freddy|gabriel gabe|
    vladimir vova volodya|dmitry dima|dmitri dima|mikhail misha|nikolai kolya|ivan vanya|
    sergei seryozha|yevgeny zhenya|evgeny zhenya|aleksandr sasha|aleksander sasha|maria masha|
    ekaterina katya|tatiana tanya|natalia natasha|francisco paco pancho|jose pepe|
    alexander alexandros aleksandr oleksandr alejandro iskander|aleksandr oleksandr alexandros|
    george georgios giorgos georgi georgy|nicholas nikolaos nikolai mykola|peter petros pyotr petro|
    paul pavel pavlos|michael mikhail michail mykhailo|joseph yusuf iosif|david dawud|
    ignacio nacho|enrique quique|giuseppe beppe|johannes hans|barack barry|mohammed mo"""


def _nicknames() -> frozenset[tuple[str, str]]:
    pairs = set()
    for line in _NICKNAMES.split("|"):
        full, *short = line.split()
        for name in short:
            pairs.update({(full, name), (name, full)})
    return frozenset(pairs)


NICKNAMES = _nicknames()
# A name -> its short forms, and a short form -> the names it may stand for.
SHORT_FORMS_OF: dict[str, frozenset[str]] = {
    name: frozenset(other for one, other in NICKNAMES if one == name)
    for name in {one for one, _ in NICKNAMES}
}

_UNITS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
    fifteen sixteen seventeen eighteen nineteen twenty""".split()  # noqa: SIM905
_ORDINALS = """zeroth first second third fourth fifth sixth seventh eighth ninth
    tenth""".split()  # noqa: SIM905
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60,
        "seventy": 70, "eighty": 80, "ninety": 90}  # fmt: skip
NUMBER_WORDS = {word: value for value, word in enumerate(_UNITS)} | {
    word: value for value, word in enumerate(_ORDINALS)
}
ROMAN = {
    "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10, "xi": 11,
    "xii": 12, "xiii": 13, "xiv": 14, "xv": 15, "xvi": 16, "xvii": 17, "xviii": 18, "xix": 19,
    "xx": 20,
}  # fmt: skip
