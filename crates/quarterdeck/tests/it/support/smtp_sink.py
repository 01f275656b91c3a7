#!/usr/bin/python3
"""A mail server for tests: takes mail over STARTTLS from whoever signs in, and writes each as a line of JSON.

smtp_sink.py PORT CERTIFICATE KEY USER PASSWORD OUT
"""
import json
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

port, certificate, key, user, password, out = sys.argv[1:]


class Sink:
    async def handle_DATA(self, server, session, envelope):
        mail = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "data": envelope.content.decode("ascii")}
        with open(out, "a", encoding="utf-8") as lines:
            lines.write(json.dumps(mail) + "\n")
        return "250 taken"


def admit(server, session, envelope, mechanism, auth_data):
    right = (auth_data.login, auth_data.password) == (user.encode(), password.encode())
    return AuthResult(success=right)


tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(certificate, key)
Controller(
    Sink(),
    hostname="127.0.0.1",
    port=int(port),
    tls_context=tls,
    require_starttls=True,
    auth_required=True,
    authenticator=admit,
).start()
threading.Event().wait()
