"""Objects are told apart, and know where they stand."""

from pathlib import Path

import pytest

from ostiary.config.higress.folder import FileDocument
from ostiary.config.higress.manifests import Manifests, Origin, join_names, read_manifests
from ostiary.config.problems import Problem
from ostiary.config.reading import read_documents

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
spec:
  rules: []
"""


def read(text: str, **environ: str) -> Manifests:
    """Read the objects of one file."""
    documents = [
        FileDocument("a.yaml", Path("f"), reading.tree, reading.problems, reading.lines)
        for reading in read_documents(text.encode())
    ]
    return read_manifests(documents, environ)


def told(manifests: Manifests) -> list[tuple[str | None, int | None, str, str]]:
    """File, line, path and words of the problems."""
    return [(each.file, each.line, each.path, each.problem) for each in manifests.problems]


def test_an_object_has_kind_namespace_and_name() -> None:
    """Without a namespace it is Higress's own."""
    shop, other = read(INGRESS + "---\n" + INGRESS.replace("name: shop", "name: shop\n  namespace: team")).objects

    assert ("Ingress", "higress-system", "shop") == (shop.kind, shop.metadata.namespace, shop.full_name)
    assert ("team", "team/shop") == (other.metadata.namespace, other.full_name)
    assert ["Ingress/shop", "Ingress/team/shop"] == [shop.origin.label, other.origin.label]


def test_a_list_is_its_items() -> None:
    """As `kubectl get ... -o yaml` prints it; lines and places are the items'."""
    items = "\n".join(f"  {line}" for line in INGRESS.replace("spec:\n  rules: []", "spec: 7").splitlines())
    manifests = read(f"apiVersion: v1\nkind: List\nitems:\n-{items[1:]}\n")

    assert [("a.yaml", 8, "Ingress/shop.spec", "expected a mapping, found a number (7)")] == told(manifests)


@pytest.mark.parametrize(
    ("old", "new", "line", "place", "words"),
    [
        ("kind: Ingress", "kind: Secret", 2, "Secret/shop.kind", '"Secret" is not read'),
        ("kind: Ingress\n", "", 1, "a.yaml.kind", "required, but missing"),
        ("kind: Ingress", "kind: [a]", 2, "a.yaml.kind", "a list of 1 is not read"),
        ("k8s.io/v1", "k8s.io/v1beta1", 1, "Ingress/shop.apiVersion", "this is no version of Ingress that is known"),
        ("  name: shop", "  name: Shop", 4, "Ingress/Shop.metadata.name", ""),
        ("  name: shop", "  nam: shop", 4, "Ingress/None.metadata.nam", "unknown name"),
        ("spec:", "specs:", 5, "Ingress/shop.specs", "unknown name"),
        ("  rules: []", "  rules: []\n  rules: []", 7, "spec.rules", "this name stands here twice"),
    ],
)
def test_what_is_no_such_object_is_refused_with_file_line_and_key(
    old: str, new: str, line: int, place: str, words: str
) -> None:
    """Whatever it is."""
    problems = told(read(INGRESS.replace(old, new)))

    assert ("a.yaml", line, place) in [problem[:3] for problem in problems]
    assert [problem for problem in problems if problem[2] == place and words in problem[3]]


def test_a_list_has_nothing_but_items() -> None:
    """An object that slipped beside them would be left out."""
    text = "kind: List\nitems: []\nmetadata: {resourceVersion: ''}\nspec:\n  rules: []\n"

    assert [("a.yaml", 4, "a.yaml.spec", "unknown name")] == told(read(text))


def test_what_a_cluster_adds_is_read_over() -> None:
    """The output of kubectl can be served as it is."""
    text = INGRESS.replace(
        "  name: shop",
        "  name: shop\n  uid: x\n  resourceVersion: '1'\n  creationTimestamp: x\n  generation: 2\n  managedFields: []\n"
        "  finalizers: []\n  ownerReferences: []\n  selfLink: /x",
    )

    assert () == read(text + "status: {loadBalancer: {}}\n").problems


def test_a_name_stands_once() -> None:
    """The other place is named."""
    problems = told(read(INGRESS + "---\n" + INGRESS))

    assert [
        ("a.yaml", 11, "Ingress/shop.metadata.name", "there is another Ingress of this name, in a.yaml line 1")
    ] == (problems)


def test_references_are_resolved_and_the_text_stays() -> None:
    """One that cannot be is a problem, and everybody can ask for its place."""
    text = INGRESS.replace("rules: []", "a: $ENV://A\n  b: {c: $ENV://B}")
    manifests = read(text, A="value")
    (shop,) = manifests.objects

    assert "value" == shop.tree["spec"]["a"]
    assert "$ENV://A" == shop.written["spec"]["a"]
    assert {"value"} == manifests.secrets
    assert ["Ingress/shop.spec.b.c"] == [problem.path for problem in manifests.problems]
    assert (True, False) == (shop.lacks("spec.b"), shop.lacks("spec.a"))
    assert (True, False) == (shop.hides("spec.b.c"), shop.hides("spec.b"))


def test_no_repr_shows_a_value() -> None:
    """Objects hold secrets."""
    manifests = read(INGRESS.replace("rules: []", "a: hushed"))

    assert "hushed" not in repr(manifests) + repr(manifests.objects[0])


def test_a_document_that_is_no_object_is_refused() -> None:
    """With the file as its place."""
    assert [("a.yaml", None, "a.yaml", "expected an object with `kind`, found a string of 5 characters")] == told(
        read("hello\n")
    )


def test_a_place_knows_the_nearest_line() -> None:
    """Also for what does not stand there."""
    origin = Origin("Ingress/shop", "a.yaml", ("items", 1), {"items[1]": 9, "items[1].spec": 12})

    assert [12, 9, 9] == [origin.find_line("spec.rules[0].host"), origin.find_line("metadata"), origin.find_line("")]
    assert Problem("Ingress/shop.spec.x", "p", "r", 12, "a.yaml") == origin.locate(Problem("spec.x", "p", "r"))
    assert "Ingress/shop" == origin.place("")


def test_higress_s_own_namespace_is_no_part_of_a_name() -> None:
    """Every other one is."""
    assert ("x", "n/x") == (join_names("higress-system", "x"), join_names("n", "x"))
