"""Owners, directors and signatories of a company as subjects of its KYC case."""
