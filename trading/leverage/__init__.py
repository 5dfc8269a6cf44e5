"""How much leverage a client may have, and who has more than that."""
