"""The examples of Higress's two documents, as they are written there, and the tests that run each. No test of its own.

Configurations and command lines alone. The page of `oauth2` has lost its indentation; here it is back. `RUN_BY` is the
whole list: an example without a test that runs it as written fails `tests/reference/test_documents.py`.
"""

from tests.fakes.machine_tokens import SAMPLE_TOKEN

OIDC_WHITELIST = """\
match_type: 'whitelist'
match_list:
    - match_rule_domain: '*.bar.com'
      match_rule_path: '/foo'
      match_rule_type: 'prefix'
"""
OIDC_BLACKLIST = """\
match_type: 'blacklist'
match_list:
    - match_rule_domain: '*.bar.com'
      match_rule_path: '/headers'
      match_rule_type: 'prefix'
"""
OIDC_INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: auth0-ingress
  annotations:
    higress.io/destination: auth.dns
    higress.io/backend-protocol: "HTTPS"
    higress.io/ignore-path-case: "false"
spec:
  ingressClassName: higress
  rules:
    - host: foo.bar.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              resource:
                apiGroup: networking.higress.io
                kind: McpBridge
                name: default
"""
OIDC_AUTH0 = """\
redirect_url: 'http://foo.bar.com/oauth2/callback'
oidc_issuer_url: 'https://dev-o43xb1mz7ya7ach4.us.auth0.com/'
client_id: 'XXXXXXXXXXXXXXXX'
client_secret: 'XXXXXXXXXXXXXXXX'
scope: 'openid email offline_access'
cookie_secret: 'nqavJrGvRmQxWwGNptLdyUVKcBNZ2b18Guc1n_8DCfY='
service_name: 'auth.dns'
service_port: 443
match_type: 'whitelist'
match_list:
    - match_rule_domain: '*.bar.com'
      match_rule_path: '/foo'
      match_rule_type: 'prefix'
"""
OIDC_KEYCLOAK = """\
redirect_url: 'http://foo.bar.com/oauth2/callback'
oidc_issuer_url: 'http://127.0.0.1:9090/realms/myrealm'
client_id: 'XXXXXXXXXXXXXXXX'
client_secret: 'XXXXXXXXXXXXXXXX'
scope: 'openid email'
cookie_secret: 'nqavJrGvRmQxWwGNptLdyUVKcBNZ2b18Guc1n_8DCfY='
service_name: 'keycloak.static'
service_port: 80
service_host: '127.0.0.1:9090'
match_type: 'blacklist'
match_list:
    - match_rule_domain: '*.bar.com'
      match_rule_path: '/headers'
      match_rule_type: 'prefix'
"""
OIDC_ALIYUN = """\
redirect_url: 'http://foo.bar.com/oauth2/callback'
provider: aliyun
oidc_issuer_url: 'https://oauth.aliyun.com/'
client_id: 'XXXXXXXXXXXXXXXX'
client_secret: 'XXXXXXXXXXXXXXXX'
scope: 'openid'
cookie_secret: 'nqavJrGvRmQxWwGNptLdyUVKcBNZ2b18Guc1n_8DCfY='
service_name: 'aliyun.dns'
service_port: 443
match_type: whitelist
match_list:
 - match_rule_domain: 'foo.bar.com'
   match_rule_path: /foo
   match_rule_type: prefix
"""
OIDC_SECRET = "python -c 'import os, base64; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'"
OIDC_SIGN_OUT = "/oauth2/sign_out?rd=https%3A%2F%2Fmy-oidc-provider.example.com%2Fsign_out_page"
OIDC_SIGN_OUT_HEADER = "X-Auth-Request-Redirect: https://my-oidc-provider.example.com/sign_out_page"
OIDC_AUTH0_LOGOUT = (
    "http://foo.bar.com/oauth2/sign_out?rd=https%3A%2F%2Fdev-o43xb1mz7ya7ach4.us.auth0.com%2Foidc%2Flogout"
)
OIDC_AUTH0_LOGOUT_AND_BACK = (
    "http://foo.bar.com/oauth2/sign_out?rd=https%3A%2F%2Fdev-o43xb1mz7ya7ach4.us.auth0.com%2Foidc%2F"
    "logout%3Fpost_logout_redirect_uri%3Dhttp%3A%2F%2Ffoo.bar.com%2Ffoo"
)
OIDC_KEYCLOAK_LOGOUT = (
    "http://foo.bar.com/oauth2/sign_out?rd=http%3A%2F%2F127.0.0.1:9090%2Frealms%2Fmyrealm%2Fprotocol"
    "%2Fopenid-connect%2Flogout"
)
OIDC_KEYCLOAK_LOGOUT_AND_BACK = (
    "http://foo.bar.com/oauth2/sign_out?rd=http%3A%2F%2F127.0.0.1:9090%2Frealms%2Fmyrealm%2Fprotocol"
    "%2Fopenid-connect%2Flogout%3Fpost_logout_redirect_uri%3Dhttp%3A%2F%2Ffoo.bar.com%2Ffoo"
)

# The flow, line by line. Those to the provider are the gateway's own: what they send, it sends.
OIDC_HEADERS_LINE = 'curl --url "foo.bar.com/headers"'
OIDC_AUTHORIZE_LINE = """\
curl --url "https://dev-o43xb1mz7ya7ach4.us.auth0.com/authorize"\\
  --url-query "approval_prompt=force" \\
  --url-query "client_id=YagFqRD9tfNIaac5BamjhsSatjrAnsnZ" \\
  --url-query "redirect_uri=http%3A%2F%2Ffoo.bar.com%2Foauth2%2Fcallback" \\
  --url-query "response_type=code" \\
  --url-query "scope=openid+email+offline_access" \\
  --url-query "state=nT06xdCqn4IqemzBRV5hmO73U_hCjskrH_VupPqdcdw%3A%2Ffoo"
"""
OIDC_CALLBACK_LINE = """\
curl --url "http://foo.bar.com/oauth2/callback" \\
  --url-query "state=nT06xdCqn4IqemzBRV5hmO73U_hCjskrH_VupPqdcdw%3A%2Ffoo" \\
  --url-query "code=0bdopoS2c2lx95u7iO0OH9kY1TvaEdJHo4lB6CT2_qVFm"
"""
OIDC_REDEEM_LINE = """\
curl -X POST \\
  --url "https://dev-o43xb1mz7ya7ach4.us.auth0.com/oauth/token" \\
  --data "grant_type=authorization_code" \\
  --data "client_id=YagFqRD9tfNIaac5BamjhsSatjrAnsnZ" \\
  --data "client_secret=ekqv5XoZuMFtYms1NszEqRx03qct6BPvGeJUeptNG4y09PrY16BKT9IWezTrrhJJ" \\
  --data "redirect_uri=http%3A%2F%2Ffoo.bar.com%2Foauth2%2Fcallback" \\
  --data "code=0bdopoS2c2lx95u7iO0OH9kY1TvaEdJHo4lB6CT2_qVFm"
"""
OIDC_REFRESH_LINE = """\
curl -X POST \\
  --url "https://dev-o43xb1mz7ya7ach4.us.auth0.com/oauth/token" \\
  --data "grant_type=refresh_token" \\
  --data "client_id=YagFqRD9tfNIaac5BamjhsSatjrAnsnZ" \\
  --data "client_secret=ekqv5XoZuMFtYms1NszEqRx03qct6BPvGeJUeptNG4y09PrY16BKT9IWezTrrhJJ" \\
  --data "refresh_token=GrZ1f2JvzjAZQzSXmyr1ScWbv8aMFBvzAXHBUSiILcDEG"
"""
OIDC_ACCESS_TOKEN = (
    "Bearer eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwiaXNzIjoiaHR0cHM6Ly9kZXYtbzQzeGIxbXo3eWE3YWNoNC51cy5hd"
    "XRoMC5jb20vIn0..WP_WRVM-y3fM1sN4.fAQqtKoKZNG9Wj0OhtrMgtsjTJ2J72M2klDRd9SvUKGbiYsZNPmIl_qJUf81D3VIjD5"
    "9o9xrOOJIzXTgsfFVA2x15g-jBlNh68N7dyhXu9237Tbplweu1jA25IZDSnjitQ3pbf7xJVIfPnWcrzl6uT8G1EP-omFcl6AQprV"
    "2FoKFMCGFCgeafuttppKe1a8mpJDj7AFLPs-344tT9mvCWmI4DuoLFh0PiqMMJBByoijRSxcSdXLPxZng84j8JVF7H6mFa-dj-ic"
    "P-KLy6yvzEaRKz_uwBzQCzgYK434LIpqw_PRuN3ClEsenwRgIsNdVjvKcoAysfoZhmRy9BQaE0I7qTohSBFNX6A.mgGGeeWgugfX"
    "cUcsX4T5dQ"
)
OIDC_BEARER_LINE = f'curl --url "foo.bar.com/headers" --header "Authorization: {OIDC_ACCESS_TOKEN}"'

_CONSUMER_1 = """\
- name: consumer1
  client_id: 12345678-xxxx-xxxx-xxxx-xxxxxxxxxxxx
  client_secret: abcdefgh-xxxx-xxxx-xxxx-xxxxxxxxxxxx
"""
_CONSUMER_2 = """\
- name: consumer2
  client_id: 87654321-xxxx-xxxx-xxxx-xxxxxxxxxxxx
  client_secret: hgfedcba-xxxx-xxxx-xxxx-xxxxxxxxxxxx
"""
OAUTH2_ROUTES = f"consumers:\n{_CONSUMER_1}"
OAUTH2_SHARED = f"global_credentials: true\nconsumers:\n{_CONSUMER_1}"
OAUTH2_INSTANCE = f"global_auth: false\nconsumers:\n{_CONSUMER_1}{_CONSUMER_2}"
OAUTH2_ALLOW_ON_ROUTES = "allow:\n- consumer1\n"
OAUTH2_ALLOW_ON_DOMAINS = "allow:\n- consumer2\n"
OAUTH2_EVERYWHERE = f"global_auth: true\nconsumers:\n{_CONSUMER_1}{_CONSUMER_2}"
OAUTH2_GET_LINE = (
    "curl 'http://test.com/oauth2/token?grant_type=client_credentials&client_id=12345678-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
    "&client_secret=abcdefgh-xxxx-xxxx-xxxx-xxxxxxxxxxxx'"
)
OAUTH2_POST_LINE = (
    "curl 'http://test.com/oauth2/token' -H 'content-type: application/x-www-form-urlencoded' "
    "-d 'grant_type=client_credentials&client_id=12345678-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
    "&client_secret=abcdefgh-xxxx-xxxx-xxxx-xxxxxxxxxxxx'"
)
OAUTH2_CALL_LINE = f"curl 'http://test.com' -H 'Authorization: Bearer {SAMPLE_TOKEN}'"

_AUTH0, _OIDC = "tests/e2e/test_oidc_auth0.py", "tests/e2e/test_oidc.py"
_KEYCLOAK, _ALIYUN = "tests/e2e/test_oidc_keycloak.py", "tests/e2e/test_aliyun.py"
_EXAMPLES = "tests/e2e/test_oauth2_examples.py"
_TOKENS = "tests/unit/authorization_server/test_issued_tokens.py"

# Example → the tests that run it. Its text, or its name here, stands in their files.
RUN_BY = {
    "OIDC_WHITELIST": (f"{_OIDC}::test_the_whitelisted_prefix_needs_nobody",),
    "OIDC_BLACKLIST": (f"{_KEYCLOAK}::test_only_what_is_listed_needs_somebody",),
    "OIDC_INGRESS": (f"{_AUTH0}::test_a_person_signs_in_and_the_service_gets_the_id_token",),
    "OIDC_AUTH0": (
        f"{_AUTH0}::test_a_person_signs_in_and_the_service_gets_the_id_token",
        f"{_OIDC}::test_a_person_signs_in_and_the_upstream_gets_the_id_token",
    ),
    "OIDC_KEYCLOAK": (f"{_KEYCLOAK}::test_a_person_signs_in_and_the_upstream_gets_the_id_token",),
    "OIDC_ALIYUN": (f"{_ALIYUN}::test_the_documents_configuration_signs_a_ram_user_in",),
    "OIDC_SECRET": (f"{_AUTH0}::test_the_documents_line_makes_a_secret",),
    "OIDC_SIGN_OUT": (f"{_AUTH0}::test_the_general_logout_link_leads_to_a_provider_of_that_name",),
    "OIDC_SIGN_OUT_HEADER": (f"{_AUTH0}::test_the_general_logout_link_leads_to_a_provider_of_that_name",),
    "OIDC_AUTH0_LOGOUT": (f"{_AUTH0}::test_the_logout_links_end_both_sessions",),
    "OIDC_AUTH0_LOGOUT_AND_BACK": (f"{_AUTH0}::test_the_logout_links_end_both_sessions",),
    "OIDC_KEYCLOAK_LOGOUT": (f"{_KEYCLOAK}::test_the_logout_link_ends_the_session_here_and_at_keycloak",),
    "OIDC_KEYCLOAK_LOGOUT_AND_BACK": (f"{_KEYCLOAK}::test_the_logout_link_comes_back_where_it_says",),
    "OIDC_HEADERS_LINE": (
        f"{_AUTH0}::test_nobody_is_sent_to_the_provider_with_the_documents_parameters",
        f"{_OIDC}::test_curl_is_sent_to_the_provider_with_what_the_document_shows",
    ),
    "OIDC_AUTHORIZE_LINE": (f"{_AUTH0}::test_nobody_is_sent_to_the_provider_with_the_documents_parameters",),
    "OIDC_CALLBACK_LINE": (f"{_AUTH0}::test_a_callback_that_nobody_started_spends_no_code",),
    "OIDC_REDEEM_LINE": (f"{_AUTH0}::test_the_token_endpoint_is_asked_what_the_document_shows",),
    "OIDC_REFRESH_LINE": (f"{_AUTH0}::test_the_token_endpoint_is_asked_what_the_document_shows",),
    "OIDC_BEARER_LINE": (f"{_AUTH0}::test_an_access_token_alone_opens_nothing",),
    "OAUTH2_ROUTES": (f"{_EXAMPLES}::test_a_token_of_one_route_does_not_open_the_other",),
    "OAUTH2_SHARED": (f"{_EXAMPLES}::test_both_routes_share_their_tokens",),
    "OAUTH2_INSTANCE": (f"{_EXAMPLES}::test_each_rule_lets_in_whom_it_names",),
    "OAUTH2_ALLOW_ON_ROUTES": (f"{_EXAMPLES}::test_each_rule_lets_in_whom_it_names",),
    "OAUTH2_ALLOW_ON_DOMAINS": (f"{_EXAMPLES}::test_each_rule_lets_in_whom_it_names",),
    "OAUTH2_EVERYWHERE": (f"{_EXAMPLES}::test_every_request_needs_a_token",),
    "OAUTH2_GET_LINE": (f"{_EXAMPLES}::test_the_lines_get_a_token_and_use_it",),
    "OAUTH2_POST_LINE": (f"{_EXAMPLES}::test_the_lines_get_a_token_and_use_it",),
    "OAUTH2_CALL_LINE": (f"{_EXAMPLES}::test_the_lines_get_a_token_and_use_it",),
    "SAMPLE_TOKEN": (
        f"{_TOKENS}::test_the_documents_sample_verifies_and_names_its_consumer",
        f"{_TOKENS}::test_it_verifies_until_the_tolerance_after_its_expiry_is_over",
    ),
}
