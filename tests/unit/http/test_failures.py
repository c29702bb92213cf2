from __future__ import annotations

import re
from typing import get_args

import httpx
import pytest

from bellwire.core import http
from bellwire.core.http import TransportFailure, failures
from bellwire.hookspecs import DeliveryError, FailureStage, Stage

CLASSES = sorted(TransportFailure.__subclasses__(), key=lambda each: each.__name__)


@pytest.mark.parametrize("cls", CLASSES)
def test_a_failure_is_a_delivery_error_and_an_httpx_error(cls: type[TransportFailure]) -> None:
    stages = (Stage("connect", 0.1),)
    failure = cls("it broke", stages=stages, address="10.0.0.1:80", errno=111)
    assert isinstance(failure, DeliveryError)
    assert isinstance(failure, httpx.TransportError)
    assert (str(failure), failure.address, failure.errno) == ("it broke", "10.0.0.1:80", 111)
    assert (failure.failed.stage, failure.failed.detail, failure.failed.stages) == (cls.stage, "it broke", stages)
    assert cls.stage in get_args(FailureStage)


@pytest.mark.parametrize("cls", CLASSES)
def test_the_table_in_the_docstring_is_right(cls: type[TransportFailure]) -> None:
    found = re.search(rf"── {cls.__name__} +(\w+) +(yes|no) +httpx\.(\w+)\n", failures.__doc__ or "")
    assert found is not None
    stage, retryable, httpx_name = found.groups()
    assert (stage, retryable == "yes") == (cls.stage, cls.retryable)
    assert issubclass(cls, getattr(httpx, httpx_name))


def test_the_package_exports_all_of_them_and_its_list_is_sorted() -> None:
    assert {cls.__name__ for cls in CLASSES} <= set(http.__all__)
    assert all(hasattr(http, name) for name in http.__all__)
    assert http.__all__ == sorted(http.__all__, key=lambda name: (name[0].islower(), name))
