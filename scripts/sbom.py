"""Keep of a list of all installed packages what sonoloop needs to run, as CycloneDX.

    python scripts/sbom.py ENVIRONMENT.cdx.json OUT.cdx.json

ENVIRONMENT is what ``cyclonedx-py environment`` says of an environment with the test tools in it.
Kept are the packages that plain sonoloop and its extras web, cluster and medical need, in the
versions of ``requirements/locked.txt``. A package of another version ends it with status 1; one
that this system does not need is listed without licence.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from licences import ROOT, locked_versions, needed_by, normal

EXTRAS: Final = (None, "web", "cluster", "medical")
Component = dict[str, Any]


def runtime_packages() -> set[str]:
    """Name the locked packages that a user's installation may have."""
    needed = set().union(*(needed_by("sonoloop", extra) for extra in EXTRAS))
    return needed & locked_versions().keys()


def reduced(environment: dict[str, Any], version: str) -> tuple[dict[str, Any], list[str]]:
    """Leave out what is not needed to run.

    Args:
        environment: A CycloneDX document of everything that is installed.
        version: Of sonoloop.

    Returns:
        The document of sonoloop, and the packages whose version is not the locked one.
    """
    locked, wanted = locked_versions(), runtime_packages()
    found: dict[str, Component] = {normal(one["name"]): one for one in environment["components"]}
    components, wrong = [], []
    references: dict[str, str] = {}
    for name in sorted(wanted):
        kept = dict(found.get(name, {"type": "library", "name": name, "version": locked[name]}))
        # A build of torch for CPUs is 2.13.0+cpu: the release is what the index calls it.
        public = kept["version"].partition("+")[0]
        if public != locked[name]:
            wrong.append(f"{name} {kept['version']}, locked is {locked[name]}")
        reference = f"{name}=={public}"
        references[kept.get("bom-ref", reference)] = reference
        purl = f"pkg:pypi/{name}@{public}"
        components.append({**kept, "version": public, "bom-ref": reference, "purl": purl})
    root: Component = environment["metadata"]["component"]
    plain = needed_by("sonoloop", None, deep=False)
    optional = set().union(*(needed_by("sonoloop", extra, deep=False) for extra in EXTRAS))
    graph = [{"ref": root["bom-ref"], "dependsOn": _sorted(references, plain | optional)}]
    for one in environment["dependencies"]:
        if one["ref"] in references:
            needs = {references[ref] for ref in one.get("dependsOn", ()) if ref in references}
            graph.append({"ref": references[one["ref"]], "dependsOn": sorted(needs)})
    known = {one["ref"] for one in graph}
    graph += [{"ref": ref} for ref in sorted(set(references.values()) - known)]
    root = {**root, "version": version, "purl": f"pkg:pypi/sonoloop@{version}"}
    metadata = {**environment["metadata"], "component": root}
    return {
        **environment,
        "metadata": metadata,
        "components": components,
        "dependencies": sorted(graph, key=lambda one: one["ref"]),
    }, wrong


def _sorted(references: dict[str, str], names: set[str]) -> list[str]:
    return sorted(ref for ref in references.values() if ref.partition("==")[0] in names)


def main() -> int:
    """Write the document."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("environment", type=Path)
    parser.add_argument("out", type=Path)
    asked = parser.parse_args()
    initial = (ROOT / "src" / "sonoloop" / "__init__.py").read_text()
    version = initial.partition('__version__ = "')[2].partition('"')[0]
    document, wrong = reduced(json.loads(asked.environment.read_text()), version)
    for line in wrong:
        print(f"another version is installed: {line}", file=sys.stderr)
    asked.out.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    print(f"{len(document['components'])} packages in {asked.out}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
