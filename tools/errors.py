"""What goes wrong while setting up, said to a person. Needs nothing but Python itself."""


class SetupError(Exception):
    """Something about this machine stops us; the text is a sentence for a person."""
