from kyc.vendors.onfido.adapter import Onfido

__all__ = ["Onfido"]
