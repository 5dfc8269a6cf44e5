"""The chart of accounts: one place that says which accounts exist and how each behaves.

A spec has no currency: ``services.account_for(spec=..., currency=...)`` opens the account the first
time that it is asked for. Codes are stable; people read them in statements.
"""

from dataclasses import dataclass
from uuid import UUID

from ledger.models import Account

Kind = Account.Kind
HOUSE_SHARDS = 16  # of an account that every client's post meets; measured in docs/money.md
DEBIT_NORMAL = {Kind.ASSET, Kind.EXPENSE}


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """How an account of a code is opened. ``normal``: +1 debits add, -1 credits add."""

    code: str
    kind: Account.Kind
    normal: int
    owner_ref: str = ""
    no_overdraft: bool = False
    shards: int = 1


def _spec(
    code: str,
    kind: Account.Kind,
    *,
    owner: str = "",
    no_overdraft: bool = False,
    shards: int = 1,
) -> AccountSpec:
    return AccountSpec(
        code,
        kind,
        1 if kind in DEBIT_NORMAL else -1,
        owner,
        no_overdraft=no_overdraft,
        shards=shards,
    )


# Assets: where the money is.


def bank_client(iban: str) -> AccountSpec:
    """A segregated bank account: client money."""
    return _spec(f"bank:client:{iban}", Kind.ASSET, shards=HOUSE_SHARDS)


def bank_own(iban: str) -> AccountSpec:
    """The firm's own money."""
    return _spec(f"bank:own:{iban}", Kind.ASSET)


def gateway_clearing(name: str) -> AccountSpec:
    """What a gateway has collected and not yet settled to the bank."""
    return _spec(f"gateway:{name}:clearing", Kind.ASSET, shards=HOUSE_SHARDS)


def gateway_reserve(name: str) -> AccountSpec:
    """What a gateway keeps back against chargebacks."""
    return _spec(f"gateway:{name}:reserve", Kind.ASSET)


def crypto_wallet(wallet: str) -> AccountSpec:
    return _spec(f"crypto:{wallet}", Kind.ASSET, shards=HOUSE_SHARDS)


def in_transit_bank() -> AccountSpec:
    """Between our accounts, or on its way out: left one side, not yet on the other's statement."""
    return _spec("in_transit:bank", Kind.ASSET, shards=HOUSE_SHARDS)


def client_receivable(client_id: UUID | str) -> AccountSpec:
    """What a client owes us, after a chargeback of money that they no longer have."""
    return _spec(
        f"client:{client_id}:receivable",
        Kind.ASSET,
        owner=client_owner(client_id),
        no_overdraft=True,
    )


# Liabilities: whose the money is.


def client_owner(client_id: UUID | str) -> str:
    """The ``owner_ref`` of everything that belongs to one client."""
    return f"client:{client_id}"


def partner_owner(partner_id: UUID | str) -> str:
    return f"ib:{partner_id}"


def client_wallet(client_id: UUID | str) -> AccountSpec:
    return _spec(
        f"client:{client_id}:wallet",
        Kind.LIABILITY,
        owner=client_owner(client_id),
        no_overdraft=True,
    )


def mt_mirror(client_id: UUID | str, server: str, login: int) -> AccountSpec:
    """The books' picture of a trading account's balance. A gap in the market can take it below
    zero, so an overdraft is a fact here and not a mistake."""
    return _spec(
        f"client:{client_id}:mt:{server}:{login}", Kind.LIABILITY, owner=client_owner(client_id)
    )


def unallocated() -> AccountSpec:
    """Money received from someone we have not identified: client money all the same."""
    return _spec("unallocated", Kind.LIABILITY, no_overdraft=True)


def ib_payable(partner_id: UUID | str) -> AccountSpec:
    """What a partner has earned and not yet been paid."""
    return _spec(
        f"ib:{partner_id}:payable",
        Kind.LIABILITY,
        owner=partner_owner(partner_id),
        no_overdraft=True,
    )


# Income and expense.


def fee(name: str) -> AccountSpec:
    """What clients are charged, such as ``fee("withdrawal")``."""
    return _spec(f"fee:{name}", Kind.INCOME, shards=HOUSE_SHARDS)


def own_funds() -> AccountSpec:
    """What the firm has put into its bank accounts of its own, less what it took out."""
    return _spec("own:funds", Kind.LIABILITY)


def fee_borne() -> AccountSpec:
    """Fees that we bear for clients: what ``fee`` earned and nobody was charged."""
    return _spec("fee:borne", Kind.EXPENSE, shards=HOUSE_SHARDS)


def gateway_cost() -> AccountSpec:
    return _spec("gateway:cost", Kind.EXPENSE, shards=HOUSE_SHARDS)


def bank_cost() -> AccountSpec:
    """What banks charge us."""
    return _spec("bank:cost", Kind.EXPENSE)


def bank_interest() -> AccountSpec:
    """What banks pay us for what stands with them."""
    return _spec("bank:interest", Kind.INCOME)


def written_off() -> AccountSpec:
    """Small differences that were accepted: rounding, and what nobody would look for."""
    return _spec("fee:rounding", Kind.EXPENSE)


def ib_commission() -> AccountSpec:
    """What partners cost."""
    return _spec("ib:commission", Kind.EXPENSE, shards=HOUSE_SHARDS)


def fx_pnl() -> AccountSpec:
    return _spec("fx:pnl", Kind.INCOME)


def bonus_expense() -> AccountSpec:
    return _spec("bonus:expense", Kind.EXPENSE)


def goodwill() -> AccountSpec:
    """What we give clients without owing it to them; a bonus is something else."""
    return _spec("goodwill:expense", Kind.EXPENSE)


def corrections() -> AccountSpec:
    """What our own mistakes in clients' wallets cost us; both sides of one that touched two clients
    meet here."""
    return _spec("correction:expense", Kind.EXPENSE)


def chargeback_loss() -> AccountSpec:
    return _spec("chargeback:loss", Kind.EXPENSE)


def dealing_pnl() -> AccountSpec:
    """The house's side of clients' trading: they lose, it earns."""
    return _spec("dealing:pnl", Kind.INCOME, shards=HOUSE_SHARDS)


# Technical: empty when nothing is under way.


def fx_position() -> AccountSpec:
    """One per currency: the two legs of a conversion meet the house's position here."""
    return _spec("fx:position", Kind.TECHNICAL, shards=HOUSE_SHARDS)


def suspense(break_id: UUID | str) -> AccountSpec:
    """A difference under investigation."""
    return _spec(f"suspense:{break_id}", Kind.TECHNICAL)


def mt_bridge() -> AccountSpec:
    """Money between the wallet and the trading server: it is never in both."""
    return _spec("mt:bridge", Kind.TECHNICAL, shards=HOUSE_SHARDS)


# How people read a code.

_HOUSE = {
    "in_transit:bank": "On its way to the bank",
    "unallocated": "Unallocated receipts",
    "gateway:cost": "Cost of gateways",
    "bank:cost": "Charges of banks",
    "bank:interest": "Interest of banks",
    "own:funds": "Own money of the firm",
    "ib:commission": "Commissions of partners",
    "fee:borne": "Fees borne for clients",
    "fee:rounding": "Differences written off",
    "fx:pnl": "Result of conversions",
    "fx:position": "Currency position",
    "bonus:expense": "Bonuses",
    "goodwill:expense": "Goodwill to clients",
    "correction:expense": "Corrections of mistakes",
    "chargeback:loss": "Losses on chargebacks",
    "dealing:pnl": "Dealing result",
    "mt:bridge": "Between wallet and trading server",
}


def words(code: str) -> str:
    """The name of an account in words; whose it is, the page around it says.

    >>> words("client:01a2:mt:MT5 Live:100011")
    'Trading account 100011'
    """
    if code in _HOUSE:
        return _HOUSE[code]
    match code.split(":"):
        case ["client", _, "wallet"]:
            return "Client's wallet"
        case ["client", _, "mt", *_, login]:
            return f"Trading account {login}"
        case ["client", _, "receivable"]:
            return "Owed by the client"
        case ["bank", "client", iban]:
            return f"Client bank account {iban}"
        case ["bank", "own", iban]:
            return f"Own bank account {iban}"
        case ["gateway", name, "clearing"]:
            return f"{name.replace('-', ' ').capitalize()}, clearing"
        case ["gateway", name, "reserve"]:
            return f"{name.replace('-', ' ').capitalize()}, reserve"
        case ["ib", _, "payable"]:
            return "Owed to the partner"
        case ["fee", *name]:
            return f"Fees: {' '.join(name).replace('_', ' ')}"
        case ["suspense", *_]:
            return "Difference under investigation"
    return code
