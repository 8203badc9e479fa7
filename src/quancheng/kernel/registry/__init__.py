"""模块登记 finds modules, loads their ``module.toml`` and answers what they provide.

Importing this package needs no Django: settings read it. ``grades`` and ``checks`` are
imported on their own.
"""

from quancheng.kernel.registry.discovery import ModuleLocation, discover
from quancheng.kernel.registry.load import (
    FACES,
    FLOORS,
    Module,
    NavEntry,
    items,
    module,
    modules,
    navigation,
    read,
    reload,
    resource_path,
    unknown_roles,
    using,
)
from quancheng.kernel.registry.manifest import KINDS, Manifest, key_of, parse
from quancheng.kernel.registry.problems import ManifestError, Problem, RegistryError
from quancheng.kernel.registry.syncing import SyncReport, sync, syncer

__all__ = [
    "FACES",
    "FLOORS",
    "KINDS",
    "Manifest",
    "ManifestError",
    "Module",
    "ModuleLocation",
    "NavEntry",
    "Problem",
    "RegistryError",
    "SyncReport",
    "discover",
    "items",
    "key_of",
    "module",
    "modules",
    "navigation",
    "parse",
    "read",
    "reload",
    "resource_path",
    "sync",
    "syncer",
    "unknown_roles",
    "using",
]
