"""Tables of masters, by subject: definition 定义, records 记录, review 核对, homes 房屋, themes 主题库, profiles 画像."""

from quancheng.capabilities.masters.models.definition import LinkageModel, Master, Source, Survivorship
from quancheng.capabilities.masters.models.homes import Home, Residence
from quancheng.capabilities.masters.models.profiles import Consent, Opening
from quancheng.capabilities.masters.models.records import Build, Change, Golden, Member
from quancheng.capabilities.masters.models.review import Correction, Pair
from quancheng.capabilities.masters.models.themes import Theme

__all__ = [
    "Build",
    "Change",
    "Consent",
    "Correction",
    "Golden",
    "Home",
    "LinkageModel",
    "Master",
    "Member",
    "Opening",
    "Pair",
    "Residence",
    "Source",
    "Survivorship",
    "Theme",
]
