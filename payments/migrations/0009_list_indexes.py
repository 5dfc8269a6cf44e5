from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import models

from backoffice.core.new_tables import NewTables


class Migration(NewTables):
    atomic = False  # indexes of large tables, built while people work
    dependencies = [
        ("clients", "0004_list_indexes"),
        ("payments", "0008_lay_parts"),
        ("tenancy", "0002_lay_tables"),
        ("trading", "0006_deal_filters"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="deposit",
            index=models.Index(fields=["tenant", "method", "-id"], name="deposit_method"),
        ),
        AddIndexConcurrently(
            model_name="deposit",
            index=models.Index(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "amount_mismatch",
                            "authorized",
                            "created",
                            "credited",
                            "held",
                            "mt_pending",
                            "paid",
                            "pending",
                            "redirected",
                            "returning",
                            "review",
                        ],
                    )
                ),
                fields=["tenant", "-id", "state"],
                name="deposit_live",
            ),
        ),
        AddIndexConcurrently(
            model_name="transfer",
            index=models.Index(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "bridged",
                            "crediting",
                            "debiting",
                            "refused",
                            "requested",
                            "returned",
                            "returning",
                            "stranded",
                        ],
                    )
                ),
                fields=["tenant", "-id", "state"],
                name="transfer_not_done",
            ),
        ),
        AddIndexConcurrently(
            model_name="withdrawal",
            index=models.Index(fields=["tenant", "method", "-id"], name="withdrawal_method"),
        ),
        AddIndexConcurrently(
            model_name="withdrawal",
            index=models.Index(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "approved",
                            "compliance",
                            "held",
                            "in_progress",
                            "part_failed",
                            "paying",
                            "requested",
                            "review",
                            "submitted",
                            "submitting",
                            "unknown",
                        ],
                    )
                ),
                fields=["tenant", "-id", "state"],
                name="withdrawal_live",
            ),
        ),
        AddIndexConcurrently(
            model_name="withdrawal",
            index=models.Index(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "approved",
                            "compliance",
                            "held",
                            "in_progress",
                            "part_failed",
                            "paying",
                            "requested",
                            "review",
                            "submitted",
                            "submitting",
                            "unknown",
                        ],
                    )
                ),
                fields=["tenant", "amount", "id", "state"],
                name="withdrawal_live_by_amount",
            ),
        ),
    ]
