"""A payment gateway in a box: a generic hosted cashier with webhooks, polls, payouts and faults."""
