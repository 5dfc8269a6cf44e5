"""What a statement file may be at most. A file beyond a limit is refused or cut, and says so."""

FILE_BYTES_MAX = 512 * 1024 * 1024
# One element (or one gap between the elements that matter) of an XML file.
XML_ELEMENT_BYTES_MAX = 2 * 1024 * 1024
# libxml2's own limit, which holds because huge_tree stays off.
# A physical line of a text file; MT940 allows 65 characters, some banks write thousands.
TEXT_LINE_CHARS_MAX = 64 * 1024
# One field over all its continuation lines.
FIELD_CHARS_MAX = 256 * 1024
# A batch keeps its transactions inside its raw XML up to this number; beyond it they are cut out
# of the tree one by one and only their text is kept.
DETAILS_IN_TREE_MAX = 50
# How much of an unreadable thing a problem quotes.
RAW_QUOTE_CHARS_MAX = 2000
SNIFF_BYTES = 64 * 1024
ACCOUNT_CHARS_MAX = 64
# A CSV row over all its physical lines (a quoted cell may hold line ends).
ROW_CHARS_MAX = 1024 * 1024
