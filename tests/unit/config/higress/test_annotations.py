"""Annotations are read, known to mean nothing, or refused by name."""

import pytest

from ostiary.config.higress.annotations import Annotations, read_annotations
from tests.fakes.higress import ingress, make_findings, manifest


def read(**written: str) -> tuple[Annotations, list[str]]:
    """Read annotations; `_` stands for `/` in names that have none."""
    tree = ingress("shop", "a.b")
    tree["metadata"]["annotations"] = written
    findings = make_findings()
    return read_annotations(manifest(tree), findings), [str(problem) for problem in findings.problems]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({}, Annotations()),
        ({"higress.io/destination": "auth.dns"}, Annotations(destination="auth.dns")),
        ({"higress.io/backend-protocol": "HTTPS"}, Annotations(is_https=True)),
        ({"higress.io/backend-protocol": "http"}, Annotations(is_https=False)),
        ({"higress.io/ignore-path-case": "true"}, Annotations(ignores_path_case=True)),
        ({"higress.io/ignore-path-case": "0"}, Annotations()),
        ({"nginx.ingress.kubernetes.io/ignore-path-case": "T"}, Annotations(ignores_path_case=True)),
        (
            {"nginx.ingress.kubernetes.io/backend-protocol": "HTTP", "higress.io/backend-protocol": "HTTPS"},
            Annotations(is_https=False),
        ),
    ],
)
def test_the_annotations_of_the_document_are_read(written: dict[str, str], expected: Annotations) -> None:
    """Under both beginnings; nginx's wins."""
    assert (expected, []) == read(**written)


@pytest.mark.parametrize(
    "name",
    [
        "kubectl.kubernetes.io/last-applied-configuration",
        "kubernetes.io/ingress.class",
        "meta.helm.sh/release-name",
        "argocd.argoproj.io/sync-wave",
        "higress.io/resource-definer",
    ],
)
def test_what_tools_write_for_themselves_means_nothing(name: str) -> None:
    """No gateway reads it."""
    assert (Annotations(), []) == read(**{name: "whatever"})


@pytest.mark.parametrize("name", ["higress.io/ssl-redirect", "nginx.ingress.kubernetes.io/force-ssl-redirect"])
def test_a_redirect_to_https_is_a_listeners(name: str) -> None:
    """Off is what it is."""
    assert (Annotations(), []) == read(**{name: "false"})
    (problem,) = read(**{name: "true"})[1]
    assert f'metadata.annotations["{name}"]' in problem
    assert "redirect_to_https: true" in problem


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("higress.io/rewrite-target", "/x", "not supported"),
        ("nginx.ingress.kubernetes.io/whitelist-source-range", "10.0.0.0/8", "not supported"),
        ("higress.io/ignore-path-cases", "true", "did you mean `higress.io/ignore-path-case`?"),
        ("nginx.ingress.kubernetes.io/destination", "auth.dns", "write `higress.io/destination`"),
        ("cert-manager.io/cluster-issuer", "x", "not supported"),
        ("higress.io/backend-protocol", "GRPC", "not supported yet"),
        ("higress.io/backend-protocol", "HTTP2", "not supported yet"),
        ("higress.io/backend-protocol", "gopher", "no protocol that is known"),
        ("higress.io/ignore-path-case", "yes", 'write "true" or "false"'),
    ],
)
def test_every_other_annotation_is_refused_by_name(name: str, value: str, words: str) -> None:
    """It may be what protects the route."""
    (problem,) = read(**{name: value})[1]

    assert f'Ingress/shop.metadata.annotations["{name}"] (line ' in problem
    assert words in problem
