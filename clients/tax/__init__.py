"""Where clients, and who controls them, are taxed: as they certify it themselves."""
