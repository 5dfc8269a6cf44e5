from kyc.vendors.veriff.adapter import Veriff

__all__ = ["Veriff"]
