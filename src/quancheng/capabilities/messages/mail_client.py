"""邮件客户端: one message by SMTP submission (RFC 6409) with TLS, and what the server said."""

from __future__ import annotations

import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from quancheng.capabilities.messages.gateways import MailGateway
from quancheng.core.text import Text
from quancheng.kernel.errors import PartnerFailed

__all__ = ["Refused", "compose", "send"]

SECONDS = 20


class Refused(Exception):
    """The server refused for good (5yz): sending again is of no use."""

    def __init__(self, code: int, said: str) -> None:
        self.code, self.said = code, said
        super().__init__(f"{code} {said}")


def compose(gateway: MailGateway, to: str, subject: str, text: str, at: datetime, key: str) -> EmailMessage:
    """The message (RFC 5322): its Message-ID comes from ``key``, so that a repeat is known as one."""
    said = EmailMessage()
    said["From"], said["To"] = gateway.sender, to
    said["Subject"] = " ".join(subject.split()) or "泉城"
    said["Date"] = format_datetime(at)
    said["Message-ID"] = f"<{key}@{gateway.sender.rpartition('@')[2]}>" if key else make_msgid()
    said["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies to the city
    said.set_content(
        text + "\n\n本邮件由系统发出，请勿回复。 This message was sent by a system; do not reply.\n"
    )
    return said


def send(gateway: MailGateway, message: EmailMessage) -> str:
    """Hand the message over; returns what the server said.

    Raises Refused for good, PartnerFailed when it may be tried again.
    """
    try:
        with _connected(gateway) as server:
            if gateway.user:
                server.login(gateway.user, gateway.password)
            refused = server.send_message(message)
            if refused:
                code, said = next(iter(refused.values()))
                raise _judged(code, said)
            return "250"
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise _judged(code, said) from error
    except smtplib.SMTPResponseException as error:
        raise _judged(error.smtp_code, error.smtp_error) from error
    except (smtplib.SMTPException, OSError) as error:
        raise _again(str(error)) from error


def _connected(gateway: MailGateway) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if gateway.tls == "tls":
        return smtplib.SMTP_SSL(gateway.host, gateway.port, timeout=SECONDS, context=context)
    server = smtplib.SMTP(gateway.host, gateway.port, timeout=SECONDS)
    if gateway.tls == "starttls":
        try:
            server.starttls(context=context)  # refused: nothing is sent in the open
        except BaseException:
            server.close()
            raise
    return server


def _judged(code: int, said: bytes | str) -> Exception:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return Refused(code, text[:150]) if 500 <= code < 600 else _again(f"{code} {text}")


def _again(why: str) -> PartnerFailed:
    return PartnerFailed(
        Text(f"邮件服务器暂时不能接收（{why[:150]}）。", f"The mail server cannot take it now ({why[:150]}).")
    )
