"""Policies: one folder each, with a configuration, a type to register, and what it decides."""
