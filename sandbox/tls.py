"""https with a certificate authority of the sandbox's own, made anew at each start."""

from __future__ import annotations

import ssl

import trustme


class Authority:
    """Signs the one certificate that every port shows."""

    def __init__(self) -> None:
        self._ca = trustme.CA(organization_name="CRM sandbox")
        self._certificate = self._ca.issue_cert("127.0.0.1", "localhost")

    @property
    def certificate(self) -> bytes:
        """What clients must trust, as PEM."""
        return self._ca.cert_pem.bytes()

    def context(self) -> ssl.SSLContext:
        """For the server's side of a connection."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2  # the oldest that Salesforce takes
        context.set_alpn_protocols(["http/1.1"])
        self._certificate.configure_cert(context)
        return context
