"""Listeners over real sockets: answers after the commit, noise, slow peers, limits, unknown devices."""

from __future__ import annotations

import socket
import time
from dataclasses import replace

import pytest

from quancheng.capabilities.ingest.field import gb26875, hj212, jt808
from quancheng.capabilities.ingest.field.bounds import Bounds, bounds
from quancheng.capabilities.ingest.field.gb26875_client import Gb26875Client
from quancheng.capabilities.ingest.field.hj212_client import Hj212Client
from quancheng.capabilities.ingest.field.jt808_client import Jt808Client
from quancheng.capabilities.ingest.field.main import ports
from quancheng.core.telemetry import gb26875 as fire
from quancheng.core.telemetry import hj212 as air
from quancheng.core.telemetry import jt808 as car
from quancheng.core.telemetry.reading import Quality
from quancheng.kernel.errors import InvalidInput

from .stand import Stand, device, with_server

AT = air.unpack_time("20260718093000")
MN = "010000A8900016F000169DC0"
LOGGER = device("hj212", MN, ["a21026-Rtd", "a34013-Rtd"])
PANEL = device("gb26875", "790300000000", ["c1.1.42.00000007.fire", "c11.1.91.00000001.pressure-kPa"])
TAXI = device("jt808", "13912344329", ["latitude", "longitude", "speed"])
PLACE = car.Location(0, 0b11, 36.651234, 117.120098, 26, 43.2, 270, AT)
MINUTE = 60_000_000


# -- HJ 212 -------------------------------------------------------------------------------------
def test_logger_data_are_answered_in_order_after_they_are_kept() -> None:
    stand = Stand(LOGGER, slow=0.02)

    def talk(port: int) -> list[bool]:
        with Hj212Client(MN, port) as client:
            frames = [client.frame(AT + n * MINUTE, {"a21026-Rtd": 12.5 + n}) for n in range(30)]
            return client.send(frames)

    answered, server = with_server(hj212.DIALECT, stand, talk)
    assert answered == [True] * 30
    assert sorted(one.time or 0 for one in stand.readings) == [AT + n * MINUTE for n in range(30)]
    assert 1 < stand.most_waiting <= Bounds().in_flight, (
        "frames of a line wait for their commits side by side"
    )
    assert server.counts["answers"] == 30


def test_nothing_is_answered_that_is_not_kept() -> None:
    stand = Stand(LOGGER)
    stand.broken = True

    def talk(port: int) -> tuple[bool, bool]:
        with Hj212Client(MN, port) as client:
            frame = client.frame(AT, {"a21026-Rtd": 1.0})
            before = client.send([frame], timeout=0.4)[0]
            stand.broken = False
            return before, client.send([frame])[0]

    (before, after), server = with_server(hj212.DIALECT, stand, talk)
    assert (before, after) == (False, True), "the logger sends again, then it is kept"
    assert server.counts["failed"] == 1


def test_an_unknown_logger_gets_no_answer_and_is_hung_up() -> None:
    stand = Stand(LOGGER)

    def talk(port: int) -> tuple[list[bool], bool]:
        with Hj212Client("999999999999999999999999", port) as client:
            return client.send([client.frame(AT, {"a21026-Rtd": 1.0})], timeout=2), client.hung_up(2)

    (answered, hung_up), _ = with_server(hj212.DIALECT, stand, talk)
    assert (answered, hung_up) == ([False], True)
    assert stand.kept == []
    assert [letter[1] for letter in stand.letters] == ["unknown-device"]


def test_packets_heartbeat_and_the_request_for_the_time() -> None:
    stand = Stand(LOGGER)

    def talk(port: int) -> tuple[list[bool], list[bool], air.Frame | None, air.Frame | None]:
        with Hj212Client(MN, port, version=air.Version.HJ_2025) as client:
            whole = client.frame(AT, {f"a2{n:04d}-Rtd": n for n in range(80)})
            packets = air.split(whole)
            later = [replace(packets[1], groups=packets[1].groups[1:])]
            first = client.send([packets[0], *later, *packets[2:]])
            beat = client.send([replace(whole, cn=air.Command.HEARTBEAT, groups=(), st="91")])
            asked = replace(whole, cn=air.Command.TIME_REQUEST, groups=((("PolId", "a21026"),),))
            client.send_bytes(air.encode(asked))
            return first, beat, client.receive(), client.receive()

    (packets, beat, heard, clock), _ = with_server(hj212.DIALECT, stand, talk)
    assert all(packets)
    assert len(packets) > 2
    assert len(stand.readings) == 80
    assert {one.time for one in stand.readings} == {AT}, "also of the packet without DataTime"
    assert beat == [True]
    assert heard is not None
    assert heard.cn == air.Command.NOTICE_ANSWER
    assert clock is not None
    assert clock.cn == air.Command.SET_TIME
    assert clock.value("SystemTime")


def test_marks_become_quality_and_unreadable_data_a_dead_letter_without_answer() -> None:
    stand = Stand(LOGGER)

    def talk(port: int) -> list[bool]:
        with Hj212Client(MN, port) as client:
            good = client.frame(AT, {"a21026-Rtd": 900.0}, mark="C")
            bad = client.frame(AT + MINUTE, {"a21026-Rtd": "high"})
            return client.send([good, bad], timeout=1)

    answered, _ = with_server(hj212.DIALECT, stand, talk)
    assert answered == [True, False]
    assert stand.readings[0].quality == Quality.CALIBRATION
    (letter,) = stand.letters
    assert letter[:2] == (LOGGER.code, "malformed")
    assert "a21026-Rtd=high" in letter[2]
    assert b"a21026-Rtd=high" in letter[3]


# -- GB/T 26875.3 -------------------------------------------------------------------------------
def smoke(state: int, address: int = 7) -> fire.Body:
    return fire.Body(fire.TypeFlag.COMPONENT_STATE, 1, 1, 42, address, state=state, text="一层大厅", at=AT)


def test_a_fire_is_kept_and_confirmed_with_the_same_serial() -> None:
    stand = Stand(PANEL)

    def talk(port: int) -> list[fire.Command | None]:
        with Gb26875Client(889, port) as client:
            pump = fire.Body(fire.TypeFlag.COMPONENT_ANALOGUE, 11, 1, 91, 1, analogue=5, number=4120, at=AT)
            return [client.send(client.frame([smoke(2)], AT)), client.send(client.frame([pump, pump], AT))]

    heard, _ = with_server(gb26875.DIALECT, stand, talk)
    assert heard == [fire.Command.CONFIRM] * 2
    assert [(one.element, one.value) for one in stand.kept[0][1]] == [("c1.1.42.00000007.fire", 1.0)]
    assert [one.value for one in stand.kept[1][1]] == [412.0, 412.0]


def test_of_many_state_bits_only_mapped_ones_are_kept_and_none_mapped_shows_all() -> None:
    stand = Stand(PANEL)

    def talk(port: int) -> fire.Command | None:
        with Gb26875Client(889, port) as client:
            return client.send(client.frame([smoke(2, address=99)], AT))

    heard, _ = with_server(gb26875.DIALECT, stand, talk)
    assert heard == fire.Command.CONFIRM
    assert len(stand.readings) == 10, (
        "the store makes dead letters of them: the owner sees what is not set up"
    )


def test_unknown_devices_and_users_own_types_are_denied_and_a_failing_store_too() -> None:
    stand = Stand(PANEL)

    def talk(port: int) -> tuple[object, ...]:
        with Gb26875Client(12345, port) as stranger:
            denied = stranger.send(stranger.frame([smoke(2)], AT)), stranger.hung_up(2)
        with Gb26875Client(889, port) as client:
            own = replace(client.frame([smoke(2)], AT), payload=b"\x96\x01hello")
            odd = client.send(own)
            stand.broken = True
            failed = client.send(client.frame([smoke(2)], AT), times=2)
            stand.broken = False
            again = client.send(client.frame([smoke(2)], AT))
            client.send_bytes(fire.encode(replace(own, command=fire.Command.CONFIRM, payload=b"")))
            return *denied, odd, failed, again, client.receive(0.3)

    found, _ = with_server(gb26875.DIALECT, stand, talk)
    deny, confirm = fire.Command.DENY, fire.Command.CONFIRM
    assert found == (deny, True, deny, deny, confirm, None)
    assert [(code, reason) for code, reason, _, _ in stand.letters] == [
        ("127.0.0.1", "unknown-device"), (PANEL.code, "malformed"),
    ]  # fmt: skip


# -- JT/T 808 -----------------------------------------------------------------------------------
def test_a_terminal_registers_authenticates_and_reports_its_place() -> None:
    stand = Stand(TAXI)

    def talk(port: int) -> list[object]:
        with Jt808Client("13912344329", port) as client:
            found: list[object] = [client.sign_on(), client.ask(client.frame(car.Message.HEARTBEAT))]
            found.append(client.locate([PLACE]))
            found.append(client.locate([replace(PLACE, at=AT + n * MINUTE) for n in range(1, 61)], late=True))
            found.append(client.ask(client.frame(0x0801, b"picture")))
            found.append(client.ask(client.frame(car.Message.LOGOUT)))
            return [*found, client.hung_up(2)]

    found, _ = with_server(jt808.DIALECT, stand, talk)
    done = car.Result.DONE
    assert found == [True, done, done, done, car.Result.UNSUPPORTED, done, True]
    assert {one.element for one in stand.readings} == {"latitude", "longitude", "speed"}
    assert len(stand.readings) == 3 * 61
    assert stand.kept[1][1][0].quality == Quality.LATE


def test_every_packet_of_a_long_message_is_answered_once_the_whole_is_kept() -> None:
    stand = Stand(TAXI)

    def talk(port: int) -> tuple[object, ...]:
        with Jt808Client("13912344329", port) as client:
            client.sign_on()
            body = car.pack_bulk([replace(PLACE, at=AT + n * MINUTE) for n in range(60)])
            one, two = car.split(client.frame(car.Message.BULK, body), 500)
            client.send_bytes(car.encode(one))
            early = client.receive(0.3)
            client.send_bytes(car.encode(two))
            return early, client.result(one.serial), client.result(two.serial)

    found, _ = with_server(jt808.DIALECT, stand, talk)
    assert found == (None, car.Result.DONE, car.Result.DONE)
    assert len(stand.kept) == 1


def test_strangers_wrong_tokens_and_skipped_authentication_are_refused() -> None:
    stand = Stand(TAXI)

    def talk(port: int) -> list[object]:
        with Jt808Client("13800000000", port) as stranger:
            found: list[object] = [stranger.register(), stranger.hung_up(2)]
        with Jt808Client("13912344329", port) as client:
            found += [client.locate([PLACE]), client.authenticate("guess"), client.locate([PLACE])]
            found.append(client.sign_on())
            client.phone = "013800000000"
            found.append(client.locate([PLACE]))
        return found

    found, server = with_server(jt808.DIALECT, stand, talk)
    failed = car.Result.FAILED
    assert found == [(car.RegisterResult.NO_TERMINAL, ""), True, failed, failed, failed, True, failed]
    assert stand.kept == []
    assert server.counts["denied"] == 4


def test_impossible_positions_are_told_so() -> None:
    stand = Stand(TAXI)

    def talk(port: int) -> list[object]:
        with Jt808Client("13912344329", port) as client:
            client.sign_on()
            return [
                client.ask(client.frame(car.Message.LOCATION, bytes(10))),
                client.ask(client.frame(0x0100, b"x")),
            ]

    found, _ = with_server(jt808.DIALECT, stand, talk)
    assert found == [car.Result.WRONG, car.Result.WRONG]
    assert [reason for _, reason, _, _ in stand.letters] == ["malformed"] * 2


# -- lines --------------------------------------------------------------------------------------
def test_noise_before_between_and_cut_frames_do_not_end_a_line() -> None:
    stand = Stand(LOGGER)

    def talk(port: int) -> list[bool]:
        with Hj212Client(MN, port) as client:
            frames = [client.frame(AT + n * MINUTE, {"a21026-Rtd": 1.0}) for n in range(3)]
            spoilt = bytearray(air.encode(frames[1]))
            spoilt[80] ^= 4
            client.send_bytes(b"GET / HTTP/1.1\r\n\r\n" + bytes(range(256)) + bytes(spoilt) + b"##0101QN=")
            return client.send([frames[0], frames[2]])

    answered, _ = with_server(hj212.DIALECT, stand, talk)
    assert answered == [True, True]
    reasons = [detail.partition(":")[0] for _, _, detail, _ in stand.letters]
    assert {"start", "checksum"} <= set(reasons)


def test_line_ends_and_zeros_between_frames_are_no_dead_letters() -> None:
    stand = Stand(LOGGER)

    def talk(port: int) -> list[bool]:
        with Hj212Client(MN, port) as client:
            client.send_bytes(b"\r\n")
            first = client.send([client.frame(AT, {"a21026-Rtd": 1.0})])
            client.send_bytes(b"\r\n\x00\x00")
            time.sleep(0.4)
            return first + client.send([client.frame(AT + MINUTE, {"a21026-Rtd": 1.0})])

    answered, server = with_server(hj212.DIALECT, stand, talk, Bounds(half_frame_seconds=0.2))
    assert answered == [True, True]
    assert stand.letters == []
    assert server.counts["bad"] == 0


def test_a_half_frame_is_given_up_however_slowly_bytes_still_come() -> None:
    stand = Stand(LOGGER)

    def talk(port: int) -> list[bool]:
        with Hj212Client(MN, port) as client:
            frame = client.frame(AT, {"a21026-Rtd": 1.0})
            for byte in air.encode(frame)[:12]:
                client.send_bytes(bytes([byte]))
                time.sleep(0.05)
            return client.send([frame])

    answered, _ = with_server(hj212.DIALECT, stand, talk, Bounds(half_frame_seconds=0.25))
    assert answered == [True]
    assert any(detail.startswith("truncated") for _, _, detail, _ in stand.letters)


def test_silent_and_endlessly_noisy_lines_are_hung_up_and_too_many_refused() -> None:
    stand = Stand(LOGGER)
    limits = Bounds(idle_seconds=0.6, garbage=4000, connections=2, letters_per_line=3)

    def talk(port: int) -> tuple[bool, ...]:
        with Hj212Client(MN, port) as silent, Hj212Client(MN, port) as noisy:
            time.sleep(0.1)
            with Hj212Client(MN, port) as third:
                refused = third.hung_up(3)
            noisy.send_bytes(b"##0004abcd0000\r\n" * 1000)
            return refused, noisy.hung_up(3), silent.hung_up(3)

    found, server = with_server(hj212.DIALECT, stand, talk, limits)
    assert found == (True, True, True)
    assert len(stand.letters) == 3, "a few dead letters of a line, the rest is counted"
    assert server.counts["bad"] > 100
    assert server.counts["lines-refused"] == 1


def test_one_address_may_not_take_all_lines() -> None:
    stand = Stand(LOGGER)

    def talk(port: int) -> tuple[bool, list[bool]]:
        with Hj212Client(MN, port):
            time.sleep(0.1)
            with Hj212Client(MN, port) as second:
                refused = second.hung_up(3)
        time.sleep(0.2)
        with Hj212Client(MN, port) as later:
            return refused, later.send([later.frame(AT, {"a21026-Rtd": 1.0})])

    found, _ = with_server(hj212.DIALECT, stand, talk, Bounds(connections_per_address=1))
    assert found == (True, [True])


def test_a_slow_store_pushes_back_instead_of_filling_memory() -> None:
    stand = Stand(LOGGER, slow=0.01)

    def talk(port: int) -> list[bool]:
        with Hj212Client(MN, port) as client:
            return client.send(
                [client.frame(AT + n * MINUTE, {"a21026-Rtd": 1.0}) for n in range(300)], timeout=20
            )

    answered, _ = with_server(hj212.DIALECT, stand, talk, Bounds(in_flight=8))
    assert all(answered)
    assert stand.most_waiting <= 10


def test_a_peer_that_does_not_read_its_answers_is_hung_up_and_others_are_served() -> None:
    stand = Stand(LOGGER)

    def talk(port: int) -> tuple[bool, list[bool]]:
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", port))
        with Hj212Client(MN, port) as client:
            raw = air.encode(client.frame(AT, {"a21026-Rtd": 1.0})) * 200
            deaf.settimeout(0.5)
            cut = False
            for _ in range(200):
                try:
                    deaf.sendall(raw)
                except TimeoutError:
                    continue
                except OSError:
                    cut = True
                    break
            deaf.close()
            return cut, client.send([client.frame(AT, {"a21026-Rtd": 2.0})])

    (cut, answered), _ = with_server(hj212.DIALECT, stand, talk, Bounds(write_seconds=0.5))
    assert cut
    assert answered == [True]


def test_a_stopping_listener_keeps_and_answers_what_it_took() -> None:
    stand = Stand(LOGGER, slow=0.4)
    heard: list[air.Frame | None] = []
    clients: list[Hj212Client] = []

    def talk(port: int) -> None:
        client = Hj212Client(MN, port)
        clients.append(client)
        client.send_bytes(air.encode(client.frame(AT, {"a21026-Rtd": 1.0})))
        time.sleep(0.15)

    with_server(hj212.DIALECT, stand, talk)
    heard.append(clients[0].receive(2))
    assert heard[0] is not None
    assert heard[0].cn == air.Command.DATA_ANSWER
    assert len(stand.kept) == 1
    assert clients[0].hung_up(2)


def test_limits_come_from_the_environment() -> None:
    assert bounds({}) == Bounds()
    set_up = bounds({"QUANCHENG_FIELD_JT808_PORT": "0", "QUANCHENG_FIELD_IDLE_SECONDS": "5.5"})
    assert (set_up.jt808_port, set_up.idle_seconds) == (0, 5.5)
    assert ports(set_up) == {"hj212": 9212, "gb26875": 9268}
    for wrong in ("many", "-1", "inf", "nan"):
        with pytest.raises(InvalidInput):
            bounds({"QUANCHENG_FIELD_IDLE_SECONDS": wrong})
