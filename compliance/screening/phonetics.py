"""Two keys of a Latin token: how it sounds, and its consonants alone."""

from functools import lru_cache

# Applied in order. Spellings that Arabic, Slavic, Persian, German and English transliterations
# use for one sound fall together; what distinguishes names in those languages stays apart.
_SOUNDS = (
    ("sch", "s"), ("tch", "x"), ("tsch", "x"), ("dsch", "j"), ("shch", "s"), ("ch", "x"),
    ("sh", "s"), ("zh", "j"), ("kh", "h"), ("gh", "g"), ("th", "t"), ("dh", "d"), ("ph", "f"),
    ("dj", "j"), ("dz", "j"), ("ts", "s"), ("tz", "s"), ("cz", "x"), ("ck", "k"), ("cc", "k"),
    ("ce", "se"), ("ci", "si"), ("cy", "sy"), ("qu", "k"), ("ou", "u"), ("oo", "u"), ("ee", "i"),
    ("ea", "i"), ("ie", "i"), ("ei", "i"), ("ey", "i"), ("iy", "i"), ("yy", "i"), ("ij", "i"),
    ("yj", "i"),
)  # fmt: skip
_LETTERS = str.maketrans(
    {"c": "k", "q": "k", "w": "v", "z": "s", "y": "i", "e": "a", "o": "u", "x": "x", "h": ""}
)
_VOWELS = "aiu"
_NOT_FIRST = str.maketrans("", "", _VOWELS)


@lru_cache(maxsize=131_072)
def sound_key(token: str) -> str:
    """First vowel sound and the consonants: mohammed, muhamad -> different; laden, ladin -> equal.

    Empty for tokens with digits or fewer than three letters.
    """
    if len(token) < 3 or not token.isalpha():
        return ""
    word = token
    for spelling, sound in _SOUNDS:
        if spelling in word:
            word = word.replace(spelling, sound)
    first = "h" if word[0] == "h" else ""
    word = first + word.translate(_LETTERS)
    vowel = next((char for char in word if char in _VOWELS), "")
    bare = word.translate(_NOT_FIRST)
    squeezed = "".join(
        char for place, char in enumerate(bare) if place == 0 or char != bare[place - 1]
    )
    return (vowel if word[0] not in _VOWELS else vowel.upper()) + squeezed


_SKELETON_SOUNDS = (
    ("sh", "s"), ("kh", "k"), ("ch", "k"), ("gh", "g"), ("th", "t"), ("dh", "d"), ("zh", "z"),
    ("ph", "f"), ("ts", "s"), ("tz", "s"), ("ck", "k"),
)  # fmt: skip
_SKELETON_LETTERS = str.maketrans(
    {"c": "k", "q": "k", "p": "b", "j": "j", "x": "k", **dict.fromkeys("aeiouwyv", "")}
)


@lru_cache(maxsize=131_072)
def skeleton(token: str) -> str:
    """Consonants alone, for scripts that write no others: moshe -> s of msh, mahmoud -> mhmd."""
    word = token
    for spelling, sound in _SKELETON_SOUNDS:
        word = word.replace(spelling, sound)
    word = word.translate(_SKELETON_LETTERS)
    if len(word) > 1:
        word = word.removesuffix("h")
    return "".join(char for place, char in enumerate(word) if place == 0 or char != word[place - 1])
