"""仿真引擎: a deterministic rehearsal on a virtual clock, for demos, drills, tests and load."""

from quancheng.kernel.simulation.engine import Handle, Simulation, Step

__all__ = ["Handle", "Simulation", "Step"]
