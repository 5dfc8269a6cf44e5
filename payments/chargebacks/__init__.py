"""Chargebacks: the payer's bank takes a deposit back. What is taken, what is missing, what we say.

``events`` is the gateway's word, ``people`` ours, ``answers`` what we send, ``debts`` what a client
owes since; the money of all of them is booked by ``books``.
"""
