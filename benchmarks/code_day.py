"""A day of the citizen code: 100,000 people, four scenes, forty gates, and everything that goes wrong.

Gates cut off for hours, fifty stolen phones, licences revoked, a clock ten minutes wrong, replays,
screenshots, the same code at two gates that cannot know of each other. Every count is checked at the end:
what must be refused was, what only settlement can find was found, nothing good was refused.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.harness import benchmark, django_on_fresh_database, figure, spent

PEOPLE = 100_000
GATES = 10
SCENES = ("bus", "metro", "park", "library")
CUT = {"metro-8", "metro-9", "park-9"}
WRONG_CLOCK = "bus-9"
MORNING = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)  # 08:00 in the city


@benchmark("code-day", "a day of 100,000 people at forty gates: cut off, stolen, revoked, replayed, doubled")
def run(scale: float) -> None:
    """One virtual day on one process."""
    django_on_fresh_database()
    from quancheng.commands.prepare import prepare
    from quancheng.kernel import clock

    prepare()
    with clock.at(MORNING):
        Day(max(500, round(PEOPLE * scale))).run(clock)


class Day:
    """The day, step by step; ``self.at`` is the true time in Unix seconds."""

    def __init__(self, people: int) -> None:
        self.random = random.Random(20261123)
        self.people = people
        self.expected: Counter[str] = Counter()
        self.at = int(MORNING.timestamp())
        self.keys: dict[int, Any] = {}
        self.tokens: dict[tuple[int, str], bytes] = {}

    def run(self, clock: Any) -> None:
        with spent() as used:
            self._citizens()
        figure("code_day_people", self.people, "people with a phone's code")
        figure("code_day_minted", len(self.tokens) / used.cpu, "credentials/CPU-s minted and kept")
        self._gates()
        with spent() as used:
            self._morning(clock)
            self._noon(clock)
        total = sum(sum(gate.verdicts.values()) for gate in self.gates.values())
        figure("code_day_scans", total, "scans")
        figure("code_day_gates", total / used.cpu, "scans drawn and checked/CPU-s")
        self._evening(clock)
        self._reckon()

    # -- the city and its gates
    def _citizens(self) -> None:
        from quancheng.capabilities.code import minting
        from quancheng.capabilities.code.models import Device
        from quancheng.capabilities.code.vocabulary import scene
        from quancheng.capabilities.people.models import NaturalPerson
        from quancheng.core.keys import Algorithm, MemoryKey, thumbprint, to_jwk
        from quancheng.kernel import clock
        from quancheng.kernel.models import writing

        now = clock.now()
        with writing("benchmark"):
            persons = NaturalPerson.objects.bulk_create(
                [
                    NaturalPerson(
                        id_number=f"3701{n:014d}", name=f"模拟{n}", sex="1", birth_date=datetime(1950 + n % 60, 1, 1).date(),
                        region_code="370102001002", simulated=True,
                    )
                    for n in range(self.people)
                ],
                batch_size=500,
            )  # fmt: skip
            for person in persons:
                self.keys[person.pk] = MemoryKey.generate(Algorithm.ES256)
            Device.objects.bulk_create(
                [
                    Device(
                        person=person, label="手机", public=to_jwk(self.keys[person.pk].public), level=2,
                        thumbprint=thumbprint(self.keys[person.pk].public).hex(), enrolled_at=now,
                    )
                    for person in persons
                ],
                batch_size=500,
            )  # fmt: skip
            for device in Device.objects.select_related("person").iterator(2000):
                first = self.random.choice(SCENES)
                wanted = {first, self.random.choice(SCENES)}
                chosen = [scene(code) for code in sorted(wanted)]
                made = minting.mint_for_phone(device, chosen, now, now + timedelta(hours=168))
                for one, token in zip(chosen, made, strict=True):
                    self.tokens[device.person_id, one.code] = token
        self.holders: dict[str, list[int]] = {code: [] for code in SCENES}
        for person, code in self.tokens:
            self.holders[code].append(person)

    def _gates(self) -> None:
        from quancheng.capabilities.code import actions, queries
        from quancheng.capabilities.code.network import StreetGate
        from quancheng.capabilities.code.vocabulary import scene
        from quancheng.capabilities.people.queries import department
        from quancheng.kernel.actions import Call

        self.call = Call.system("code", simulated=True)
        self.gates = {}
        office = department("jn-transport").pk
        for code in SCENES:
            for n in range(GATES):
                name = f"{code}-{n}"
                actions.register_verifier(
                    self.call, code=name, name=name, kind="gate", scene_code=code, department_id=office
                )
                self.gates[name] = StreetGate(name, scene(code))
        self.gates[WRONG_CLOCK].clock = -600
        bundle = queries.bundle()
        for gate in self.gates.values():
            gate.take(bundle)

    # -- what people do
    def _show(self, person: int, code: str) -> str:
        from quancheng.core import citycode

        token = self.tokens[person, code]
        return citycode.present(token, self.keys[person], now=self.at, nonce=self.random.randbytes(8))

    def _pass(self, person: int, gate: str) -> str:
        verdict = self.gates[gate].scan(self._show(person, gate.partition("-")[0]), self.at)
        self.expected[verdict] += 1
        return verdict

    def _open(self, code: str) -> list[str]:
        return [
            name for name in self.gates if name.startswith(code + "-") and name not in CUT | {WRONG_CLOCK}
        ]

    def _everybody(self, share: float) -> None:
        """Ordinary traffic: everybody of a share passes one open gate of a scene of theirs."""
        for code in SCENES:
            gates = self._open(code)
            for place, person in enumerate(self.holders[code]):
                if self.random.random() < share:
                    verdict = self._pass(person, gates[place % len(gates)])
                    assert verdict == "ok", verdict
                if place % 50 == 49:
                    self.at += 1

    def _morning(self, clock: Any) -> None:
        """Traffic; then three gates lose their network, and mischief begins."""
        self.at += 900
        self._everybody(0.9)
        for name in CUT:
            self.gates[name].online = False
        ask = self.random.sample(self.holders["metro"], 220)
        for person in ask[:40]:  # the same code again, and a screenshot of three minutes ago
            text = self._show(person, "metro")
            gate = self.gates["metro-0"]
            assert gate.scan(text, self.at) == "ok"
            assert gate.scan(text, self.at + 5) == "replayed"
            assert gate.scan(text, self.at + 240) == "stale"
        self.doubled = ask[40:70]
        for person in self.doubled:  # the same code at two gates that cannot know of each other
            text = self._show(person, "metro")
            assert self.gates["metro-8"].scan(text, self.at) == "ok"
            assert self.gates["metro-9"].scan(text, self.at + 4) == "ok"
        wrong = self.gates[WRONG_CLOCK]
        said = [wrong.scan(self._show(person, "bus"), self.at) for person in self.holders["bus"][:20]]
        assert set(said) <= {"not-yet", "clock"} and said[5:] == ["clock"] * 15, said
        self.stolen = ask[70:120]

    def _noon(self, clock: Any) -> None:
        """Fifty phones are stolen and reported; licences go; the network is still away at three gates."""
        from quancheng.capabilities.code import actions, queries
        from quancheng.capabilities.code.models import Credential, Device
        from quancheng.kernel.actions import Call

        self.at += 3600
        clock_now = datetime.fromtimestamp(self.at, UTC)
        with clock.at(clock_now):
            call = Call.system("code")
            for device in Device.objects.filter(person_id__in=self.stolen):
                actions.report_lost(call, device=device)
            bundle = queries.bundle()
        assert Credential.objects.exclude(revoked_at=None).count() >= len(self.stolen)
        figure(
            "code_day_list_bytes",
            sum(len(one) for one in bundle["status"]["lists"].values()),
            "bytes of status lists",
        )
        self.at += 30  # the next fetch of a gate with a network
        for gate in self.gates.values():
            gate.take(bundle)
        for person in self.stolen:
            assert self._pass(person, "metro-1") == "stopped"
        self.at += 60
        for person in self.stolen[:20]:
            assert self._pass(person, "metro-8") == "ok"  # cut off: it cannot know
        self._everybody_but(set(self.stolen), 0.6)

    def _everybody_but(self, gone: set[int], share: float) -> None:
        kept = {code: [one for one in people if one not in gone] for code, people in self.holders.items()}
        self.holders, before = kept, self.holders
        self._everybody(share)
        self.holders = before

    def _evening(self, clock: Any) -> None:
        """The network is back: everything is uploaded, read, settled."""
        from quancheng.capabilities.code import actions
        from quancheng.capabilities.code.models import Upload, Verifier
        from quancheng.kernel.actions import Call

        self.at += 6 * 3600
        moment = datetime.fromtimestamp(self.at, UTC)
        sent = 0
        with clock.at(moment):
            call = Call.system("code", simulated=True)
            with spent() as used:
                for name, gate in self.gates.items():
                    gate.online = True
                    row, number = Verifier.objects.get(code=name), 0
                    while batch := gate.hand_over(5000):
                        actions.take_scans(
                            call, verifier=row, key=f"{name}:{number}", scans=batch, sent_at=moment
                        )
                        number, sent = number + 1, sent + len(batch)
            figure("code_day_uploaded", sent / used.wall, "scans/s taken durably, wall")
            with spent() as used:
                for upload in Upload.objects.order_by("pk"):
                    actions.read_upload(call, upload=upload)
            figure("code_day_read", sent / used.cpu, "scans/CPU-s checked again and kept")
            actions.settle_day(call, day=clock.today())

    def _reckon(self) -> None:
        from quancheng.capabilities.code.models import Scan, Settlement

        found = Counter(Scan.objects.values_list("finding", flat=True))
        verdicts = Counter(Scan.objects.values_list("verdict", flat=True))
        assert found["double"] == len(self.doubled), found
        assert found["late"] == 20, found
        assert (
            verdicts["replayed"] == 40 and verdicts["stale"] == 40 and verdicts["stopped"] == len(self.stolen)
        )
        assert found["wrong"] == sum(n for name, n in verdicts.items() if name != "ok"), (found, verdicts)
        good = Scan.objects.filter(finding="good", scene__in=("bus", "metro")).count()
        settled = list(Settlement.objects.values_list("rides", "doubles"))
        assert sum(rides for rides, _doubles in settled) == good
        assert sum(doubles for _rides, doubles in settled) == len(self.doubled)
        for name in ("good", "double", "late", "wrong"):
            figure(f"code_day_{name}", float(found[name]), "scans")
        figure("code_day_wrongly_refused", 0.0, "good codes refused (each was asserted)")
