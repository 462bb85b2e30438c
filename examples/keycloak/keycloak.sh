#!/usr/bin/env bash
# Starts Keycloak on 127.0.0.1 port 8080 with the realm of quickstart-realm.json, until Ctrl-C. Nothing it remembers
# outlives it. `keycloak.sh fetch` only obtains it and is done; a second time there is nothing to do.
#
#   KEYCLOAK_WITH     docker, or java (with Maven); unset: Docker if its engine answers
#   KEYCLOAK_PORT     another port than 8080
#   KEYCLOAK_FOLDER   where the distribution is unpacked; unset: build/keycloak of this repository
set -euo pipefail

VERSION=26.5.7
SHA256=7c38073ca48702f7d5e992508681d45027ba309ea2633ce8bef92343c795d729 # of keycloak-quarkus-dist-26.5.7.zip
PLUGIN=org.apache.maven.plugins:maven-dependency-plugin:3.6.1
IMAGE=quay.io/keycloak/keycloak:$VERSION
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
FOLDER=${KEYCLOAK_FOLDER:-$HERE/../../build/keycloak}
HOME_FOLDER=$FOLDER/keycloak-$VERSION
IMPORTED=data/import/quickstart-realm-realm.json # the name that Keycloak wants
# Development mode: plain HTTP, nothing kept. 127.0.0.1: the passwords here are everybody's.
OPTIONS=(start-dev --http-host=127.0.0.1 "--http-port=${KEYCLOAK_PORT:-8080}" --db=dev-mem --cache=local --import-realm)

export KC_BOOTSTRAP_ADMIN_USERNAME=quickstart-admin
export KC_BOOTSTRAP_ADMIN_PASSWORD=quickstart-admin-pass

has_engine() {
    command -v docker >/dev/null && docker version >/dev/null 2>&1
}

need() {
    command -v "$1" >/dev/null || { printf '%s is missing: %s\n' "$1" "$2" >&2; exit 1; }
}

fetch_distribution() {
    [ ! -e "$HOME_FOLDER" ] || return 0
    need java 'apt-get install default-jre-headless (17 or newer)'
    need mvn 'apt-get install maven'
    need python3 'apt-get install python3'
    local work
    mkdir -p "$FOLDER"
    work=$(mktemp -d "$FOLDER/fetching.XXXXXX")
    # shellcheck disable=SC2064 # the folder of now
    trap "rm -rf '$work'" EXIT
    printf 'fetching Keycloak %s (160 MB) from Maven Central into %s\n' "$VERSION" "$FOLDER" >&2
    mvn -q -B "$PLUGIN:copy" "-Dartifact=org.keycloak:keycloak-quarkus-dist:$VERSION:zip" "-DoutputDirectory=$work" >&2
    printf '%s  %s\n' "$SHA256" "$work/keycloak-quarkus-dist-$VERSION.zip" | sha256sum --check --quiet >&2
    python3 -m zipfile -e "$work/keycloak-quarkus-dist-$VERSION.zip" "$work"
    mv "$work/keycloak-$VERSION" "$HOME_FOLDER"
    rm -rf "$work"
    trap - EXIT
}

start_distribution() {
    fetch_distribution
    local copy
    mkdir -p "$HOME_FOLDER/data/import"
    copy=$(mktemp "$HOME_FOLDER/data/realm.XXXXXX")
    cp "$HERE/quickstart-realm.json" "$copy"
    mv "$copy" "$HOME_FOLDER/$IMPORTED"
    exec bash "$HOME_FOLDER/bin/kc.sh" "${OPTIONS[@]}"
}

start_container() {
    # The host's network: Keycloak itself calls the gateway when somebody signs out.
    exec docker run --rm --network=host --env KC_BOOTSTRAP_ADMIN_USERNAME --env KC_BOOTSTRAP_ADMIN_PASSWORD \
        --volume "$HERE/quickstart-realm.json:/opt/keycloak/$IMPORTED:ro" "$IMAGE" "${OPTIONS[@]}"
}

with=${KEYCLOAK_WITH:-}
if [ -z "$with" ]; then
    if has_engine; then with=docker; else with=java; fi
fi
case "${1:-start} $with" in
    'start java') start_distribution ;;
    'start docker') start_container ;;
    'fetch java') fetch_distribution ;;
    'fetch docker') docker pull "$IMAGE" ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
