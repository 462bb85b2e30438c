"""Connections that we open to the services behind the gateway: choosing a node, pooling, reading responses."""
