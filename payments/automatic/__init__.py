"""Withdrawals approved without a person: versioned rules, their dry runs, the switch."""
