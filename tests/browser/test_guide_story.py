"""A citizen on a phone asks, is unsure, and talks to an agent; the line breaks and nothing is lost."""

from __future__ import annotations

import re

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.tools import DESK, PHONE, Visit, axe, go, settled, sideways


def fine(page: Page) -> None:
    """Stands, fits and passes axe."""
    settled(page)
    assert not axe(page), page.url
    assert not sideways(page), page.url


def live(page: Page) -> None:
    expect(page.locator("html")).to_have_attribute("data-guide", "open")


def say(page: Page, text: str) -> None:
    page.locator("#id_text").fill(text)
    page.locator("#guide-ask button").click()


class Cable:
    """The citizen's line, which can be cut and mended."""

    def __init__(self, page: Page) -> None:
        self.whole, self.open = True, list[WebSocketRoute]()
        page.route_web_socket(re.compile("/ws/guide/"), self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        if not self.whole:
            socket.close(code=1012)
            return
        socket.connect_to_server()
        self.open.append(socket)

    def cut(self) -> None:
        self.whole = False
        for socket in self.open:
            socket.close(code=1012)

    def mend(self) -> None:
        self.whole = True


def test_ask_be_unsure_talk_to_a_person_and_resume(visit: Visit) -> None:
    agent = visit("guide-agent", DESK)
    go(agent, "/work/guide/")
    if agent.get_by_role("button", name="上线接待").count():
        agent.get_by_role("button", name="上线接待").click()
    expect(agent.get_by_role("button", name="下线")).to_be_visible()
    fine(agent)

    citizen = visit(None, PHONE)
    line = Cable(citizen)
    go(citizen, "/guide/")
    fine(citizen)
    citizen.get_by_role("button", name="老年证怎么办").click()
    expect(citizen.locator(".say--bot .entry").first).to_contain_text("老年人优待证")
    expect(citizen.locator(".say--bot .entry").first).to_contain_text("来源")
    live(citizen)
    fine(citizen)

    say(citizen, "红烧肉的做法")
    unsure = citizen.locator(".say--bot").last
    expect(unsure).to_contain_text("答不准")
    assert "say--own" not in (unsure.get_attribute("class") or "")
    unsure.get_by_role("button", name="找人工").click()
    expect(citizen.locator("#guide-state")).to_have_text("等待人工")
    expect(citizen.locator(".say--system").last).to_contain_text("60秒内")

    number = citizen.locator(".guide-bar .mono").inner_text()
    row = agent.locator("li", has_text=number)
    expect(row).to_be_visible()  # by the live stream, nobody pressed refresh
    fine(agent)
    row.get_by_role("button", name="接入").click()
    agent.wait_for_url(f"**/work/guide/c/{number}/**")
    live(agent)
    expect(agent.locator("#talk")).to_contain_text("红烧肉的做法")
    expect(citizen.locator("#guide-state")).to_have_text("人工服务中")
    live(citizen)

    say(agent, "您好，有什么可以帮您？")
    expect(citizen.locator(".say--agent").last).to_contain_text("有什么可以帮您")
    say(citizen, "我妈卧床，能上门办老年证吗")
    expect(agent.locator(".say--citizen").last).to_contain_text("能上门办老年证吗")
    fine(agent)
    fine(citizen)

    line.cut()
    expect(citizen.locator("#guide-line")).to_contain_text("连接断开")
    say(agent, "可以，社区登记后上门。")
    expect(agent.locator(".say--agent").last).to_contain_text("社区登记后上门")
    say(citizen, "断线时说的话")
    expect(citizen.locator(".say--waits")).to_contain_text("断线时说的话")
    expect(citizen.locator("#talk")).not_to_contain_text("社区登记后上门")
    line.mend()
    expect(citizen.locator(".say--agent").last).to_contain_text("社区登记后上门")
    expect(agent.locator(".say--citizen").last).to_contain_text("断线时说的话")
    expect(citizen.locator(".say--waits")).to_have_count(0)
    expect(citizen.locator("#talk").get_by_text("断线时说的话")).to_have_count(1)
    numbers = citizen.locator("#talk [data-sequence]").evaluate_all(
        "all => all.map(e => +e.dataset.sequence)"
    )
    assert numbers == sorted(set(numbers)), "in order, each once"

    agent.get_by_role("button", name="结束会话").click()
    expect(citizen.get_by_role("heading", name="会话已结束")).to_be_visible()
    fine(citizen)
    citizen.get_by_role("button", name="提交评价").click()
    expect(citizen.locator("main")).to_contain_text("您的评价：5分")
