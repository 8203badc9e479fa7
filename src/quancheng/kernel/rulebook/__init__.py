"""参数总簿: all dated parameters of all modules and of the city profile, in one rule book."""

from quancheng.kernel.rulebook.book import city_region, find, problems, reload, rules

__all__ = ["city_region", "find", "problems", "reload", "rules"]
