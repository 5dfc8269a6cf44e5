"""Payouts that go to a bank in files: which wait, how a file is made, released, handed over and
answered.

A file is prepared by one person and released by another; its payouts count as sent from the moment
that its bytes were given out, and as paid when the bank's statement says so.
"""
