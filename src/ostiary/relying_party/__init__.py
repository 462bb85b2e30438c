"""The relying party: signs people in at an OpenID provider and knows their sessions, through ports only."""
