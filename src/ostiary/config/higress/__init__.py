"""Higress's own notation: a folder of Kubernetes manifests → the checked document that `ostiary.yaml` would give.

`folder` finds and reads the files, `manifests` tells the objects apart, `mcp_bridge`, `ingress` and `wasm_plugin` are
the models of the three kinds that are read, `rules` has the order in which Higress's rules win, `assembly` puts all
together, and `exporting` writes it down as `ostiary.yaml`. Nothing is asked of a cluster: what only a cluster knows
(services, secrets) is a problem that names what to write.
"""
