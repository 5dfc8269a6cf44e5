from kyc.vendors.persona.adapter import Persona

__all__ = ["Persona"]
