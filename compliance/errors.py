from backoffice.core.errors import InvalidInput


class ListShrunk(InvalidInput):
    """A file that holds far fewer entities than the list in use: cut short, or another list."""

    code = "list-shrunk"
