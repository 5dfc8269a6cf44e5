"""Four identity vendors in a box: each under a path of its own, signing as it does."""
