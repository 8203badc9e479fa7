"""Regular expressions of XPath (XML Schema part 2, appendix F; XPath functions 3.1, 5.6).

An own matcher, because Python's has another syntax and can take exponential time. This one
remembers what it tried, so time grows with text times pattern, and every step is paid for.
"""

from .pattern import Pattern, compile_pattern

__all__ = ["Pattern", "compile_pattern"]
