from kyc.vendors.sumsub.adapter import Sumsub

__all__ = ["Sumsub"]
