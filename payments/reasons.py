"""Why money is not paid out, in our words and in the words that the client reads."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    label: str
    client_text: str


REJECTIONS = {
    reason.code: reason
    for reason in (
        Reason(
            "other_name",
            "Destination is not the client's",
            "We can only pay to an account in your own name.",
        ),
        Reason(
            "source_first",
            "To its source first",
            "Please withdraw to the card that you paid with first.",
        ),
        Reason(
            "documents",
            "Documents are missing or expired",
            "Please renew your documents, then ask again.",
        ),
        Reason("details", "Destination details are wrong", "Please check your bank details."),
        Reason("open_positions", "Margin is needed", "The money secures your open positions."),
        Reason("other", "Another reason", "We can't make this payment. Please contact us."),
    )
}
