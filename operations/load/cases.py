"""KYC: an approved case of each funded client, and the applicants' cases, some in the queue."""

from collections.abc import Iterator

import numpy as np

from clients.models import ClientAction
from clients.states import ClientState
from kyc.models import KycCase, Level
from kyc.moving import QUEUE
from kyc.states import CaseState
from operations.load.bulk import NULL, Bulk, blocks
from operations.load.flows import FUNDED
from operations.load.people import client_states
from operations.load.size import Size, texts
from operations.load.waiting import waiting


def load(size: Size, bulk: Bulk) -> None:
    level, _ = Level.objects.get_or_create(
        number=1, defaults={"name": "Basic", "rights": list(ClientAction.values)}
    )
    states = client_states(size)
    with_case = np.array(
        [n for n, s in enumerate(states) if s in FUNDED or s is ClientState.APPLICANT], np.int64
    )
    moments = size.moments("clients", size.clients)[with_case] + 60_000
    ids, numbers, at = size.ids("case", moments), size.references("K", moments), texts(moments)
    applicants = [n for n, place in enumerate(with_case) if states[place] not in FUNDED]
    queued = applicants[-size.queued :]
    in_queue = set(queued)

    def rows() -> Iterator[str]:
        for n, place in enumerate(with_case.tolist()):
            state, decided, by = CaseState.SUBMITTED, NULL, ""
            if states[place] in FUNDED:
                state, decided, by = CaseState.APPROVED, at[n], "Carla Reyes"
            elif n in in_queue:
                state = CaseState.IN_REVIEW
            yield (
                f"{ids[n]}\t{numbers[n]}\t{size.client_ids[place]}\t{state}\t{at[n]}\t{at[n]}\t"
                f"{decided}\t{by}\n"
            )

    bulk.copy(
        KycCase,
        "id reference client_id state opened_at submitted_at decided_at decided_by",
        blocks(rows()),
        rows=len(with_case),
        constants={"level_id": level.pk, "opened_by": "load"},
    )
    desks = [size.client_desks[with_case[n]] for n in queued]
    waiting(size, bulk, QUEUE, KycCase, [ids[n] for n in queued], moments[queued], desks)
