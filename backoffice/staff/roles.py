"""The roles that a new brokerage starts with. Data to begin from: tenants change their own."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RoleTemplate:
    name: str
    permissions: frozenset[str]


_READ = {
    "clients.view_client",
    "clients.view_all_desks",
    "payments.view_payment",
    "trading.view_account",
}
_SUPPORT = _READ | {"clients.change_client", "clients.add_client", "operations.view_notification"}
_KYC = {
    "kyc.view_case",
    "kyc.prepare_case",
    "kyc.review_case",
    "clients.view_document",
    "clients.upload_document",
}
_COMPLIANCE = (
    _READ
    | _KYC
    | {
        "clients.change_client",
        "clients.restrict_client",
        "compliance.view_hit",
        "compliance.decide_hit",
        "compliance.view_monitoring",
        "compliance.decide_alert",
        "compliance.manage_lists",
        "compliance.manage_risk",
        "kyc.manage_questionnaires",
        "trading.manage_leverage",
        "staff.view_full_data",
        "staff.view_audit",
        "privacy.view_privacy",
        "privacy.manage_retention",
        "privacy.work_erasure",
        "privacy.hold_data",
        "privacy.export_subject",
        "privacy.view_access",
        "payments.hold_payment",
        "payments.stop_automatic",
    }
)
_PAYMENTS = _READ | {
    "payments.work_payment",
    "payments.work_chargeback",
    "payments.request_withdrawal",
    "payments.approve_withdrawal",
    "payments.stop_automatic",
    "payments.transfer_money",
    "payments.adjust_wallet",
    "payments.convert_money",
    "payments.give_bonus",
    "trading.operate_account",
    "reconciliation.view_break",
    "reconciliation.work_break",
    "reconciliation.import_statement",
    "ledger.view_ledger",
    "ledger.post_manual",
    "staff.view_full_data",
    "staff.export_data",
}
_PARTNERS = _READ | {
    "ib.view_partner",
    "ib.change_partner",
    "ib.propose_payout",
    "staff.export_data",
}
_REPORTS = _READ | {
    "reporting.view_report",
    "reporting.run_report",
    "ledger.view_ledger",
    "ib.view_partner",
    "staff.export_data",
}

ROLES = {
    "operations-manager": RoleTemplate(
        "Operations manager",
        frozenset(
            _SUPPORT
            | _PAYMENTS
            | _REPORTS
            | {
                "clients.upload_document",
                "kyc.view_case",
                "kyc.prepare_case",
                "workflow.manage_queues",
                "payments.manage_rules",
                "operations.view_operations",
                "operations.manage_operations",
                "staff.view_audit",
                "ib.approve_payout",
                "reporting.sign_report",
                "reporting.close_day",
                "reporting.approve_close",
                "reconciliation.manage_limits",
                "reconciliation.sign_account",
                "ib.approve_agreement",
            }
        ),
    ),
    "compliance-officer": RoleTemplate("Compliance officer", frozenset(_COMPLIANCE)),
    "mlro": RoleTemplate(
        "MLRO",
        frozenset(
            _COMPLIANCE
            | {
                "kyc.approve_case",
                "kyc.approve_high_risk",
                "kyc.manage_vendors",
                "compliance.approve_release",
            }
        ),
    ),
    "payments": RoleTemplate("Payments specialist", frozenset(_PAYMENTS)),
    "payments-lead": RoleTemplate(
        "Payments lead",
        frozenset(
            _PAYMENTS
            | {
                "payments.approve_large_withdrawal",
                "payments.manage_gateways",
                "payments.manage_rules",
                "payments.resolve_unknown",
                "payments.approve_write_off",
                "payments.approve_wallet_adjustment",
                "payments.approve_conversion",
                "payments.approve_bonus",
                "payments.quote_currencies",
                "payments.release_payment_file",
                "trading.approve_correction",
                "ib.view_partner",
                "ib.approve_payout",
                "reconciliation.approve_adjustment",
                "reconciliation.manage_limits",
                "reconciliation.sign_account",
                "reporting.view_report",
                "reporting.close_day",
                "ledger.approve_manual",
            }
        ),
    ),
    "ib-manager": RoleTemplate("IB manager", frozenset(_PARTNERS)),
    "analyst": RoleTemplate("Reporting analyst", frozenset(_REPORTS)),
    "support": RoleTemplate(
        "Support coordinator", frozenset(_SUPPORT | {"clients.upload_document"})
    ),
    # Bound to the desks that they are given: no clients.view_all_desks.
    "desk": RoleTemplate(
        "Desk coordinator",
        frozenset((_SUPPORT | {"clients.upload_document"}) - {"clients.view_all_desks"}),
    ),
    "manager": RoleTemplate(
        "Manager",
        frozenset(
            _REPORTS
            | {
                "staff.view_audit",
                "privacy.view_access",
                "reporting.sign_report",
                "reporting.approve_close",
            }
        ),
    ),
}
_EVERYTHING = frozenset().union(*(template.permissions for template in ROLES.values()))
ROLES["administrator"] = RoleTemplate(
    "Administrator",
    _EVERYTHING
    | {
        "staff.manage_staff",
        "staff.manage_settings",
        "trading.manage_servers",
        "payments.manage_gateways",
        "payments.quote_currencies",
        "payments.manage_bonuses",
    },
)
