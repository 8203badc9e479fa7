"""Faces 版式: where each type of licence shows what, as data. Positions are pixels of the face."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FACES", "Face", "Spot"]


@dataclass(frozen=True, slots=True)
class Spot:
    """One field on a face: label at (x, y), value ``gap`` pixels right of x, broken after ``wrap`` characters."""

    key: str
    label: str
    x: int
    y: int
    gap: int = 170
    wrap: int = 40


@dataclass(frozen=True, slots=True)
class Face:
    """How a type looks."""

    width: int
    height: int
    title: str
    title_at: tuple[int, int, int]
    """Middle x, top y, size of letters; size 0 = no title."""
    spots: tuple[Spot, ...]
    size: int = 28
    seal: tuple[int, int, int] | None = None
    """Middle and radius of the seal."""
    paper: tuple[int, int, int] = (252, 251, 246)
    frame: tuple[int, int, int] | None = None
    portrait: tuple[int, int, int, int] | None = None
    extra: tuple[tuple[str, int, int, int], ...] = ()
    """Printed words without a field: text, x, y, size."""
    prose: tuple[str, int, int, int, int] | None = None
    """A template filled with the fields and broken into lines: text, x, y, size, characters a line."""


FACES: dict[str, Face] = {
    "business-licence": Face(
        1320, 940, "营业执照", (660, 70, 84),
        (
            Spot("code", "统一社会信用代码", 90, 200, 250),
            Spot("name", "名称", 90, 300, 150, 18), Spot("form", "类型", 90, 370, 150, 18),
            Spot("legal_person", "法定代表人", 90, 440, 180), Spot("scope", "经营范围", 90, 510, 150, 17),
            Spot("capital", "注册资本", 770, 300), Spot("established", "成立日期", 770, 370),
            Spot("address", "住所", 770, 440, 110, 14), Spot("issuer", "登记机关", 770, 640),
        ),
        seal=(1060, 700, 128), frame=(176, 140, 60), size=27,
    ),
    "food-business": Face(
        1320, 940, "食品经营许可证", (660, 60, 72),
        (
            Spot("name", "经营者名称", 90, 190, 190, 18), Spot("code", "统一社会信用代码", 90, 260, 270),
            Spot("legal_person", "法定代表人", 90, 330, 190), Spot("address", "住所", 90, 400, 190, 17),
            Spot("premises", "经营场所", 90, 500, 190, 17), Spot("format", "主体业态", 90, 600, 190),
            Spot("number", "许可证编号", 720, 190, 180), Spot("issuer", "发证机关", 720, 600, 150, 18),
            Spot("valid_to", "有效期至", 720, 670, 150),
        ),
        seal=(990, 680, 120), frame=(60, 120, 70), size=28,
    ),
    "id-card-front": Face(
        1060, 668, "", (0, 0, 0),
        (
            Spot("name", "姓名", 80, 80, 110), Spot("sex", "性别", 80, 160, 110),
            Spot("nation", "民族", 290, 160, 110), Spot("birth_date", "出生", 80, 240, 110),
            Spot("address", "住址", 80, 325, 110, 13), Spot("id_number", "公民身份号码", 80, 560, 260),
        ),
        paper=(238, 243, 247), portrait=(720, 90, 970, 400), size=34,
    ),
    "id-card-back": Face(
        1060, 668, "居民身份证", (640, 210, 88),
        (Spot("issuer", "签发机关", 270, 470, 190), Spot("period", "有效期限", 270, 560, 190)),
        paper=(238, 243, 247), size=36, extra=(("中华人民共和国", 400, 100, 66),),
    ),
    "household-page": Face(
        1240, 860, "常住人口登记卡", (620, 50, 52),
        (
            Spot("name", "姓名", 90, 160, 130), Spot("relation", "户主或与户主关系", 620, 160, 280),
            Spot("sex", "性别", 620, 235, 130), Spot("birth_place", "出生地", 90, 235, 150),
            Spot("nation", "民族", 620, 310, 130), Spot("origin", "籍贯", 90, 310, 130),
            Spot("birth_date", "出生日期", 620, 385, 170),
            Spot("id_number", "公民身份证件编号", 90, 470, 290), Spot("workplace", "服务处所", 90, 545, 170),
        ),
        seal=(960, 660, 118), frame=(90, 90, 90), size=29, extra=(("承办人签章", 90, 640, 29),),
    ),
    "birth-certificate": Face(
        1300, 960, "出生医学证明", (650, 60, 66),
        (
            Spot("child", "新生儿姓名", 90, 190, 200), Spot("sex", "性别", 560, 190, 100),
            Spot("birth_date", "出生时间", 760, 190, 160), Spot("birth_place", "出生地", 90, 265, 200),
            Spot("mother", "母亲姓名", 90, 340, 200), Spot("mother_id", "母亲身份证号", 560, 340, 220),
            Spot("father", "父亲姓名", 90, 415, 200), Spot("father_id", "父亲身份证号", 560, 415, 220),
            Spot("issuer", "签发机构", 90, 540, 200), Spot("issued_on", "签发日期", 90, 615, 200),
            Spot("number", "出生证编号", 90, 760, 200),
        ),
        seal=(430, 600, 118), paper=(246, 247, 252), frame=(140, 110, 160), size=29,
    ),
    "property-deed": Face(
        1240, 1040, "不动产权证书", (620, 50, 58),
        (
            Spot("number", "", 330, 150, 0), Spot("name", "权利人", 90, 250), Spot("id_number", "证件号码", 620, 250, 160),
            Spot("shared", "共有情况", 90, 325), Spot("address", "坐落", 90, 400, 170, 24),
            Spot("unit", "不动产单元号", 90, 500, 230), Spot("right", "权利类型", 90, 575, 170, 24),
            Spot("usage", "用途", 90, 650), Spot("area", "面积", 90, 725), Spot("issuer", "登记机构", 640, 740),
        ),
        seal=(940, 800, 125), frame=(170, 60, 50), size=29,
    ),
    "disability-certificate": Face(
        1180, 780, "中华人民共和国残疾人证", (590, 50, 54),
        (
            Spot("name", "姓名", 90, 170, 140), Spot("sex", "性别", 480, 170, 110),
            Spot("category", "残疾类别", 90, 250, 180), Spot("degree", "残疾等级", 480, 250, 180),
            Spot("number", "残疾人证号", 90, 330, 210), Spot("issued_on", "签发日期", 90, 410, 180),
            Spot("valid_to", "有效期至", 90, 490, 180), Spot("issuer", "批准残联", 90, 600, 180),
        ),
        seal=(560, 600, 110), portrait=(880, 160, 1090, 430), size=30,
    ),
    "social-security-card": Face(
        1060, 668, "社会保障卡", (530, 60, 64),
        (
            Spot("name", "姓名", 90, 260, 150), Spot("id_number", "社会保障号码", 90, 340, 260),
            Spot("card", "卡号", 90, 420, 150), Spot("issued_on", "发卡日期", 90, 500, 190),
        ),
        paper=(225, 238, 236), portrait=(740, 200, 960, 470), size=34,
    ),
    "degree-certificate": Face(
        1300, 920, "学士学位证书", (650, 70, 68),
        (Spot("number", "证书编号", 90, 760, 170),),
        seal=(950, 640, 128), frame=(160, 40, 40), portrait=(90, 220, 280, 470), size=30,
        prose=(
            "{name}，{sex}，{birth_date}生。在{issuer}完成了本科学习计划，业已毕业，经审核符合"
            "《中华人民共和国学位条例》的规定，授予{degree}学位。", 340, 240, 36, 22,
        ),
        extra=(("校长", 640, 640, 34), ("学位评定委员会主席", 340, 640, 30)),
    ),
    "dog-vaccination": Face(
        1100, 760, "犬只狂犬病免疫证", (550, 60, 58),
        (
            Spot("name", "犬主姓名", 90, 190, 180), Spot("dog", "犬名", 560, 190, 120),
            Spot("breed", "品种", 90, 270, 180), Spot("vaccinated_on", "免疫日期", 90, 350, 180),
            Spot("valid_to", "有效期至", 560, 350, 170), Spot("number", "免疫证号", 90, 430, 180),
            Spot("issuer", "免疫单位", 90, 540, 180),
        ),
        seal=(480, 560, 108), frame=(60, 90, 150), size=30,
    ),
}  # fmt: skip
