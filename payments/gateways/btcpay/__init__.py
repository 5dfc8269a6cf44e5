"""BTCPay Server (Greenfield API): crypto paid into invoices, paid out by pull payments."""

from payments.gateways.btcpay.adapter import BTCPay

__all__ = ["BTCPay"]
