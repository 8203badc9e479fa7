"""The way to the city's registry, dead letters tried again, noise beside good lines."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from random import Random

import pytest

from quancheng.capabilities.ingest import actions
from quancheng.capabilities.ingest.field import hj212, replay
from quancheng.capabilities.ingest.field.bounds import Bounds
from quancheng.capabilities.ingest.field.gate import CityGate
from quancheng.capabilities.ingest.field.hj212_client import Hj212Client
from quancheng.capabilities.ingest.field.tokens import is_token, token
from quancheng.capabilities.ingest.values import ChannelSpec
from quancheng.core.telemetry import gb26875 as fire
from quancheng.core.telemetry import hj212 as air
from quancheng.core.telemetry import jt808 as car
from quancheng.core.telemetry.refusal import FrameRefused, Reason
from quancheng.kernel.actions import Call

from .stand import Stand, device, with_server

AT = air.unpack_time("20260718093000")
MN = "010000A8900016F000169DC0"
LOGGER = device("hj212", MN, ["a21026-Rtd"])
DATA = air.Frame("31", "2011", "123456", MN, ((("DataTime", "20260718093000"),), (("a21026-Rtd", "12.5"),)))


@pytest.mark.django_db(transaction=True)
def test_a_device_is_known_once_registered_and_shut_out_once_suspended() -> None:
    call = Call.system("ingest")

    async def story() -> list[bool]:
        gate = CityGate(10)
        watching = asyncio.create_task(gate.watch(0.05))
        found = [await gate.resolve("hj212", "NEW-LOGGER") is not None]
        channels = [ChannelSpec("a21026-Rtd", 7, scale=0.001)]
        await asyncio.to_thread(
            actions.register_device, call, code="L-1", protocol="hj212", address=MN, channels=channels
        )
        ref = await gate.resolve("hj212", MN)
        assert ref is not None
        assert ref.streams == {"a21026-Rtd": (7, 0.001, 0.0)}
        found.append(await gate.resolve("gb26875", MN) is not None)
        found.append(await gate.resolve("hj212", MN) is ref)
        await asyncio.to_thread(actions.suspend_device, call, code="L-1")
        until = time.monotonic() + 10
        while await gate.resolve("hj212", MN) is not None and time.monotonic() < until:
            await asyncio.sleep(0.05)
        found.append(await gate.resolve("hj212", MN) is not None)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        gate.close()
        return found

    assert asyncio.run(story()) == [False, False, True, False]


# -- replay -------------------------------------------------------------------------------------
def test_kept_frames_give_the_same_readings_when_tried_again() -> None:
    raw = air.encode(DATA)
    assert replay.readings_of(LOGGER, raw) == air.readings(DATA)
    panel = device("gb26875", "790300000000", ["c1.1.42.00000007.fire"])
    smoke = fire.Body(fire.TypeFlag.COMPONENT_STATE, 1, 1, 42, 7, state=2, text="", at=AT)
    kept = fire.encode(fire.Frame(1, 889, 0, fire.Command.DATA, AT, fire.pack([smoke])))
    assert [one.value for one in replay.readings_of(panel, kept)] == [1.0]
    taxi = device("jt808", "13912344329", ["speed"])
    place = car.pack_location(car.Location(0, 3, 36.65, 117.12, 26, 43.2, 270, AT))
    frame = car.Frame(car.Message.LOCATION, "013912344329", 1, place)
    assert [one.value for one in replay.readings_of(taxi, car.encode(frame))] == [43.2]
    for other, wrong, reason in (
        (device("hj212", "ANOTHER-MN"), raw, Reason.ADDRESS),
        (LOGGER, raw[:-1], Reason.TRUNCATED),
        (taxi, car.encode(replace(frame, packet=car.Packet(2, 1))), Reason.SEQUENCE),
    ):
        with pytest.raises(FrameRefused) as caught:
            replay.readings_of(other, wrong)
        assert caught.value.reason is reason


# -- tokens -------------------------------------------------------------------------------------
def test_tokens_are_of_their_terminal_alone() -> None:
    word = token("13912344329")
    assert len(word) == 32
    assert is_token("13912344329", word)
    assert not is_token("13912344328", word)
    assert not is_token("13912344329", "")
    assert not is_token("13912344329", "\udcff")


# -- noise beside good lines --------------------------------------------------------------------
def test_lines_of_noise_do_not_disturb_a_good_one() -> None:
    stand = Stand(LOGGER, slow=0.002)
    random = Random(212)

    def noise(port: int) -> None:
        for _ in range(6):
            with Hj212Client(MN, port) as bad:
                for _ in range(20):
                    raw = bytearray(air.encode(DATA))
                    raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)
                    try:
                        bad.send_bytes(
                            random.randbytes(random.randrange(200)) + bytes(raw[: random.randrange(len(raw))])
                        )
                    except OSError:
                        break

    def talk(port: int) -> list[bool]:
        noisy = [threading.Thread(target=noise, args=(port,)) for _ in range(4)]
        for thread in noisy:
            thread.start()
        with Hj212Client(MN, port) as client:
            answered = []
            for n in range(60):
                answered += client.send([client.frame(AT + n * 60_000_000, {"a21026-Rtd": float(n)})])
        for thread in noisy:
            thread.join()
        return answered

    answered, server = with_server(hj212.DIALECT, stand, talk, Bounds(garbage=3000))
    assert answered == [True] * 60
    assert {one.value for one in stand.readings} >= {float(n) for n in range(60)}
    assert all(one.element == "a21026-Rtd" for one in stand.readings), "nothing damaged was kept"
    assert server.counts["bad"] > 20
