"""连续编号: numbers of a series follow one another, whatever fails on the way."""

from __future__ import annotations

import pytest
from django.db import transaction

from quancheng.capabilities.payment.models import NumberSeries
from quancheng.capabilities.services.models import ReceiptSerial
from quancheng.kernel.db.serials import next_number

pytestmark = pytest.mark.django_db


def test_each_series_counts_from_one() -> None:
    assert [next_number(ReceiptSerial, "a") for _ in range(3)] == [1, 2, 3]
    assert next_number(ReceiptSerial, "b") == 1
    assert next_number(NumberSeries, "a", column="name") == 1


def test_a_number_of_a_failed_deed_is_given_again() -> None:
    assert next_number(ReceiptSerial, "a") == 1

    def failing() -> None:
        with transaction.atomic():
            assert next_number(ReceiptSerial, "a") == 2
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert next_number(ReceiptSerial, "a") == 2
