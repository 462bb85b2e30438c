"""What the build backend asks us: whether a wheel is for every machine, or holds modules compiled for this one.

`tools/compile.py` puts compiled modules beside their source in a copy of the tree, and builds there.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledModules(BuildHookInterface):  # type: ignore[type-arg]
    """Takes compiled modules into the wheel, and names the machine in its tag."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Look for compiled modules; without any the wheel is pure Python's."""
        source = Path(self.root) / "src"
        compiled = list(source.rglob("*.so"))
        if compiled and version == "standard":
            build_data["pure_python"] = False
            build_data["infer_tag"] = True
            build_data["force_include"] |= {str(file): str(file.relative_to(source)) for file in compiled}
