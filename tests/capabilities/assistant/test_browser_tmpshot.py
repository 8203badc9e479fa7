from tests.capabilities.assistant.test_story import apply, officer_grant
from tests.capabilities.services.browser import DESK, MARKS
from quancheng.kernel import jobs
pytestmark = MARKS
def test_shot(drawn, window, apply, settle, user):
    case = apply(whose="郭浩然"); settle(); jobs.run_due()
    officer_grant(user("clerk-civil"), case)
    page = window("clerk-civil", (1440, 1000))
    page.goto("/work/assistant/"); page.screenshot(path="/tmp/as_list.png", full_page=True)
    page.goto(f"/work/assistant/{case.receipt}/"); page.wait_for_timeout(800); page.screenshot(path="/tmp/as_case.png", full_page=True)
    page.goto(f"/work/cases/{case.receipt}/"); page.screenshot(path="/tmp/as_desk.png")
