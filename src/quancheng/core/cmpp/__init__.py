"""短信网关协议 CMPP 3.0: what a service provider says to a China Mobile short message gateway.

Messages as bytes and back (:func:`encode`, :func:`decode`), texts as parts that a handset joins
(:func:`split`), and one connection as a state machine without socket and clock (:class:`Session`):
login by digest, a window of submissions, repeats, tests of a silent line, status reports.
"""

from quancheng.core.cmpp.errors import CmppError, Reason
from quancheng.core.cmpp.pdu import (
    LARGEST,
    ActiveTest,
    ActiveTestResp,
    Command,
    Connect,
    ConnectResp,
    Deliver,
    DeliverResp,
    Message,
    Pdu,
    Report,
    Submit,
    SubmitResp,
    Terminate,
    TerminateResp,
    decode,
    encode,
)
from quancheng.core.cmpp.session import (
    Account,
    Answered,
    Closed,
    Event,
    Heard,
    Opened,
    Phase,
    Session,
    Timing,
    gateway_digest,
    login_digest,
    split_stream,
)
from quancheng.core.cmpp.texts import ASCII, UCS2, Part, joined, parts_of, split

__all__ = [
    "ASCII",
    "LARGEST",
    "UCS2",
    "Account",
    "ActiveTest",
    "ActiveTestResp",
    "Answered",
    "Closed",
    "CmppError",
    "Command",
    "Connect",
    "ConnectResp",
    "Deliver",
    "DeliverResp",
    "Event",
    "Heard",
    "Message",
    "Opened",
    "Part",
    "Pdu",
    "Phase",
    "Reason",
    "Report",
    "Session",
    "Submit",
    "SubmitResp",
    "Terminate",
    "TerminateResp",
    "Timing",
    "decode",
    "encode",
    "gateway_digest",
    "joined",
    "login_digest",
    "parts_of",
    "split",
    "split_stream",
]
