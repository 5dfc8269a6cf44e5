"""Who owns, directs and signs for a client that is a company."""
