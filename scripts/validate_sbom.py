"""Compare an SBOM with the JSON schema of CycloneDX, by the library that the format's makers keep.

    python scripts/validate_sbom.py dist/sonoloop.cdx.json

Needs cyclonedx-python-lib, as ``make sbom`` installs it. Exit status 1 names what differs.
"""

import json
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def main() -> int:
    """Validate one file."""
    text = Path(sys.argv[1]).read_text()
    version = json.loads(text)["specVersion"]
    problem = JsonStrictValidator(SchemaVersion.from_version(version)).validate_str(text)
    print(f"{sys.argv[1]}: CycloneDX {version}, {problem or 'valid'}")
    return int(problem is not None)


if __name__ == "__main__":
    sys.exit(main())
