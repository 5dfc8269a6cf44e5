"""What gateways report that they did, line by line, against the clearing accounts of the ledger."""
