"""Closures for calling and defining functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .builtins.external import external
from .errors import FeelLimitError
from .frame import Compiler, Frame, Rule, Run
from .limits import Environment
from .nodes import Call, Definition
from .values.closure import Lambda
from .values.function import Function, Parameter
from .values.kinds import type_name


def _callee(value: Any, frame: Frame) -> Function | None:
    if isinstance(value, Function):
        return value
    if value is not None:
        frame.env.warn(f"{type_name(value)} 不是函数，不能调用", f"{type_name(value)} is not a function")
    return None


def _call(compiler: Compiler, node: Call) -> Run:
    function = compiler.compile(node.function)
    arguments = [compiler.compile(argument) for argument in node.arguments]
    names = node.names
    if names is None:

        def positional(frame: Frame) -> Any:
            callee = _callee(function(frame), frame)
            if callee is None:
                return None
            return callee.call([argument(frame) for argument in arguments], frame.env)

        return positional
    pairs = list(zip(names, arguments, strict=True))

    def named(frame: Frame) -> Any:
        callee = _callee(function(frame), frame)
        if callee is None:
            return None
        if len(set(names)) < len(names):
            frame.env.warn("同名参数给了两次", "an argument is given twice")
            return None
        return callee.call_named({name: argument(frame) for name, argument in pairs}, frame.env)

    return named


def _definition(compiler: Compiler, node: Definition) -> Run:
    parameters = [Parameter(name, kind) for name, kind in node.parameters]
    if node.external:
        body = compiler.compile(node.body)
        return lambda frame: external(parameters, body(frame), frame.env)
    slots = [compiler.scope.bind(name) for name, _ in node.parameters]
    body = compiler.compile(node.body)
    compiler.scope.release(len(slots))
    return lambda frame: _make(parameters, slots, body, frame)


def _make(parameters: Sequence[Parameter], slots: list[int], body: Run, around: Frame) -> Lambda:
    captured = list(around.slots)
    root = around.root

    def apply(arguments: Sequence[Any], env: Environment) -> Any:
        local = list(captured)
        for slot, value in zip(slots, arguments, strict=True):
            local[slot] = value
        env.calls += 1
        try:
            if env.calls > env.limits.max_depth:
                raise FeelLimitError("函数调用层数超过上限", "functions call one another too deeply")
            return body(Frame(local, root, env))
        finally:
            env.calls -= 1

    return Lambda(parameters, captured, apply)


RULES: dict[type, Rule] = {Call: _call, Definition: _definition}
