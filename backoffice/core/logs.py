"""What must not stand in a log: addresses that are themselves the secret."""

import logging
import re

# Upload links, invitations and new passwords: whoever reads the address may use it.
_SECRET = re.compile(r"(/(?:upload|invited/[^/\s]+|password/reset/key)/)[^/\s?\"']+")


class WithoutSecrets(logging.Filter):
    """Cuts the secret part out of addresses, in the message and in its arguments."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        shown = _SECRET.sub(r"\1...", message)
        if shown != message:
            record.msg, record.args = shown, ()
        return True
