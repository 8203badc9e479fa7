"""The counter's pages, without a browser."""

from __future__ import annotations

from tests.capabilities.services.conftest import photo

from quancheng.capabilities.counter.models import Bag, Reception
from quancheng.capabilities.people.models import NaturalPerson


def test_the_wizard_receives_and_the_slip_says_who_decides(signed_in) -> None:
    clerk = signed_in("counter-clerk")
    person = NaturalPerson.objects.get(name="孟广田")
    posted = {"hall": "lixia", "id_number": person.id_number, "purpose": "窗口收件"}
    wrong = clerk.post("/work/counter/receive/", posted | {"id_number": "370114199001010000"})
    assert wrong.status_code == 422
    assert clerk.post("/work/counter/receive/", posted).status_code == 302
    assert "孟广田" in clerk.get("/work/counter/receive/matter/").content.decode()
    address = "/work/counter/receive/form/senior-card/"
    assert clerk.get(address).status_code == 200
    answers = {"phone": "13900001111", "delivery": "electronic", "truthful": "on", "papers": "照片原件 2"}
    missing = clerk.post(address, answers | {"file_photo": photo()})
    assert missing.status_code == 422 and not Reception.objects.exists(), "papers need a seal"
    made = clerk.post(address, answers | {"file_photo": photo(), "seal": "LX-1234"})
    assert made.status_code == 302, made.content.decode()[-3000:]
    slip = clerk.get(made.url).content.decode()
    assert "章丘区民政局" in slip and "12345" in slip
    bag = Bag.objects.get()
    for path in ("/work/counter/", "/work/custody/", f"/work/custody/{bag.number}/", "/work/partners/"):
        assert clerk.get(path).status_code == 200, path
    assert signed_in("clerk-civil").get(f"/work/custody/{bag.number}/").status_code == 404
    assert signed_in("citizen-elder").get("/work/counter/").status_code == 403
