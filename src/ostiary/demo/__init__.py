"""`ostiary demo`: a gateway, an identity provider and a service behind it, all on this machine, to try things out with.

Start reading at `command`. Nothing here is for production: the provider knows one user whose password is printed on its
sign-in page, keeps everything in memory, and like the echo service refuses to listen anywhere but on loopback.
The gateway never imports this package, and it needs the extra `demo`.
"""
