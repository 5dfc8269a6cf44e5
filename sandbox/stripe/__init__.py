"""A Stripe in a box: its form-encoded API, Checkout's page, signed events and faults on demand."""
