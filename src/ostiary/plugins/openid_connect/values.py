"""The kinds of values that attributes of `openid-connect` have, and what the texts of variables are read as.

A variable (`$ENV://NAME`) holds text, so numbers and truth values may be written as text; nothing else is converted.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from ostiary.config import scalars
from ostiary.config.section import refuse
from ostiary.identity.algorithms import MODELS
from ostiary.identity.authorization import check_extra_parameters

_WHOLE = re.compile(r"[0-9]{1,10}\Z")
_FRACTION = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,10})?\Z")


def _check_algorithm(name: str) -> str:
    if name not in MODELS:
        raise refuse("is no signature algorithm that is known here", "write one such as RS256, ES256 or EdDSA")
    return name


def _read_verify(value: object) -> object:
    """APISIX takes the text `no` for false here."""
    return False if value == "no" else value


def read_fraction(value: object) -> object:
    """Take the digits, with or without a fraction, that a variable can hold; no truth values."""
    if isinstance(value, bool):
        raise refuse("is no number", "write seconds, such as 1 or 0.5")
    return float(value) if isinstance(value, str) and _FRACTION.match(value) else value


def _read_parameter(value: object) -> object:
    """Write numbers and truth values as they are sent."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else value


def _check_parameters(parameters: dict[str, str]) -> dict[str, str]:
    if "response_mode" in parameters:
        raise refuse("`response_mode` is an attribute of its own", "write it beside authorization_params")
    try:
        check_extra_parameters(parameters)
    except ValueError as error:
        raise refuse(str(error), "leave it out") from None
    if not _WHOLE.match(parameters.get("max_age", "0")):
        raise refuse("max_age is no number of seconds", "write a whole number, such as 3600")
    return parameters


read_switch = scalars.read_switch  # what rules between fields read a switch by
Switch = scalars.Switch
VerifySwitch = Annotated[Switch, BeforeValidator(_read_verify)]
Number = scalars.Number
Seconds = Annotated[Number, Field(ge=1, le=2**31)]
Algorithm = Annotated[str, AfterValidator(_check_algorithm), WithJsonSchema({"type": "string", "enum": sorted(MODELS)})]
Parameter = Annotated[str, BeforeValidator(_read_parameter), Field(max_length=1024)]
Parameters = Annotated[dict[str, Parameter], AfterValidator(_check_parameters)]
ScopeName = Annotated[str, Field(pattern=r"^[!#-\[\]-~]{1,256}$")]
