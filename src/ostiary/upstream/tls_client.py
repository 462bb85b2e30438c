"""How we check whom we call over TLS: services, providers, proxies and Redis alike (DESIGN.md §7, `ssl_verify`).

TLS 1.2 at least. Making a context takes 35 ms, so callers keep those they made; which ones, and how many, is theirs.
"""

import ssl


def make_tls_context(*, verify: bool, trusted_certificates: str = "") -> ssl.SSLContext:
    """Make what a client checks by: the system's authorities, those given as PEM text besides, and the name.

    Nothing of it without `verify`.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif trusted_certificates:
        context.load_verify_locations(cadata=trusted_certificates)
    return context
