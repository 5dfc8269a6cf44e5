"""A BTCPay Server in a box: invoices, pull payments, payouts, signed webhooks, and faults."""
