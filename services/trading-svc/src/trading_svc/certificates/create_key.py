"""Makes the file of certificate keys: python -m trading_svc.certificates.create_key FILE"""

import sys
from pathlib import Path

from trading_svc.certificates.signing import create_key_file


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m trading_svc.certificates.create_key FILE", file=sys.stderr)  # noqa: T201
        return 2
    try:
        create_key_file(Path(arguments[0]))
    except FileExistsError:
        print(f"{arguments[0]} exists already: it is left as it is", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
