"""A bank in a box: accounts, transfers, receipts and the statements that a real bank would send."""
